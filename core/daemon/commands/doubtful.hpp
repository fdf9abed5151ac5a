#pragma once

namespace CLI {
class App;
}

namespace trafficd {

/// `trafficd doubtful accept|reject ID…`: decides on steps of counters that nobody could judge.
void add_doubtful(CLI::App& app, int& exit_code);

}  // namespace trafficd
