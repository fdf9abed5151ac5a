#pragma once

namespace CLI {
class App;
}

namespace trafficd {

/// `trafficd status`: what the running daemon does and lost, by instance.
void add_status(CLI::App& app, int& exit_code);

}  // namespace trafficd
