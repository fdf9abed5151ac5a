// Boost.JSON's own code, compiled once for the daemon. It stands alone in this file: as a member of a library that
// holds nothing else it is linked at most once, whoever else brings it along.
#include <boost/json/src.hpp>
