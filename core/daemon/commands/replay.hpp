#pragma once

namespace CLI {
class App;
}

namespace trafficd {

/// `trafficd replay`: who used what, out of recorded captures. Needs no service, no configuration and no right but to
/// read the files, and writes none.
void add_replay(CLI::App& app, int& exit_code);

}  // namespace trafficd
