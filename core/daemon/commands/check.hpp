#pragma once

namespace CLI {
class App;
}

namespace trafficd {

/// `trafficd check`: is the configuration good? All faults at once; needs no rights and opens nothing.
void add_check(CLI::App& app, int& exit_code);

}  // namespace trafficd
