#pragma once

namespace CLI {
class App;
}

namespace trafficd {

/// `trafficd describe`: plugins, their options and measurements; for people, for programs, for READMEs, for editors.
void add_describe(CLI::App& app, int& exit_code);

}  // namespace trafficd
