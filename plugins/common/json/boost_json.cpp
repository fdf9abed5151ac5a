// Boost.JSON's own code, compiled once for all plugins. It stands alone in this file: as the only member of the library
// it is linked at most once, whoever else brings it along.
#include <boost/json/src.hpp>
