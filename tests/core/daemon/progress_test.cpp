#include "daemon/replay/progress.hpp"

#include "catch.hpp"

namespace trafficd::replay {

TEST_CASE("how far a reading is") {
  const history::TableStyle page{.width = 80, .colour = false, .unicode = false};
  CHECK(progress_text(0, 1'000'000, page) == "  0 %  ------------------------  0 B of 1.00 MB");
  CHECK(progress_text(250'000, 1'000'000, page) == " 25 %  ######------------------  250 kB of 1.00 MB");
  CHECK(progress_text(1'000'000, 1'000'000, page) == "100 %  ########################  1.00 MB of 1.00 MB");
  // It has grown meanwhile.
  CHECK(progress_text(2'000'000, 1'000'000, page) == "100 %  ########################  2.00 MB of 2.00 MB");
  CHECK(progress_text(250'000, 0, page) == "reading  250 kB");
}

TEST_CASE("a line never fills the last column of a narrow terminal") {
  for (std::size_t width = 0; width < 60; ++width) {
    const std::string text = progress_text(250'000, 1'000'000, {.width = width, .colour = false, .unicode = false});
    CHECK(text.size() < std::max<std::size_t>(width, 1));
    CHECK(progress_text(250'000, 0, {.width = width}).size() < std::max<std::size_t>(width, 1));
  }
  CHECK(progress_text(250'000, 1'000'000, {.width = 40, .colour = true, .unicode = true}) ==
        " 25 %  250 kB of 1.00 MB");
}

}  // namespace trafficd::replay
