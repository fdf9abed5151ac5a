#pragma once

namespace CLI {
class App;
}

namespace trafficd {

/// `trafficd report`: what was moved, by hour, day, month or year, out of the SQLite history. Needs no service and no
/// right but to read the file.
void add_report(CLI::App& app, int& exit_code);

}  // namespace trafficd
