#pragma once
// What the commands that print tables have in common.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "history/table_style.hpp"
#include "trafficd/calendar.hpp"

namespace trafficd {

/// Bars and a width are for a page, which is a terminal, or what $COLUMNS says; colours are for a terminal.
history::TableStyle page_style(int descriptor);

/// To standard output. A reader that has seen enough, as `head`, is no failure.
Status print_page(std::string_view text);

/// `given` is what --zone says. A zone that nobody knows is a mistake where it is given here. A machine-wide variable
/// must not stop a report, but days in another zone than it meant are worth a word.
Result<Zone> choose_zone(const std::optional<std::string>& given,
                         const std::function<void(const std::string&)>& complain);

}  // namespace trafficd
