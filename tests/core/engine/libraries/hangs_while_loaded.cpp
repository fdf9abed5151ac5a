// A plugin by all that can be read of it, whose static constructor never ends.
#include <unistd.h>

#include "loaded_entry.hpp"
static int hangs() {
  for (;;) ::pause();
}
PLUGIN_WHOSE_LOADING("hangs_while_loaded", hangs())
