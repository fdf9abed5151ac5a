// A good plugin in the process whose number stands in $TRAFFICD_TEST_PROCESS; every other one it ends.
#include <unistd.h>

#include <cstdlib>

#include "loaded_entry.hpp"
static void look() {
  const char* process = std::getenv("TRAFFICD_TEST_PROCESS");
  if (!process || std::to_string(getpid()) != process) _exit(7);
}
PLUGIN_WHOSE_LOADING("exits_elsewhere", look())
