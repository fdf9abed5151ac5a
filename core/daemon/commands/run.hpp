#pragma once

namespace CLI {
class App;
}

namespace trafficd {

/// `trafficd run`: the service.
void add_run(CLI::App& app, int& exit_code);

}  // namespace trafficd
