#pragma once

namespace CLI {
class App;
}

namespace trafficd {

/// `trafficd reload`: makes the running daemon read its configuration again, and says what came of it.
void add_reload(CLI::App& app, int& exit_code);

}  // namespace trafficd
