// The vendor lists: records of RFC 4180, the longest block, and a piece of Debian's lists.
#include "vendors.hpp"

#include "catch.hpp"
#include "trafficd/testing/temp_folder.hpp"

namespace trafficd::names {
namespace {

struct Read {
  std::string blocks;
  std::uint64_t bad = 0;
};

Read read(std::string_view csv) {
  Read all;
  all.bad = parse_vendors(csv, [&](const VendorBlock& block) {
    all.blocks +=
        std::to_string(block.prefix) + "/" + std::to_string(block.length) + " " + clean_vendor(block.name) + "\n";
  });
  return all;
}

}  // namespace

TEST_CASE("names: records of the vendor lists") {
  const Read good = read(
      "Registry,Assignment,Organization Name,Organization Address\r\n"
      "MA-L,000001,One,\r\nMA-M,0000002,\"Two, \"\"Inc\"\"\",\"a\nb\"\r\nMA-S,000000003, Three ,x,more,fields\r\n\r\n"
      "MA-L,00000A,Four");
  CHECK(good.blocks == "1/24 One\n2/28 Two, \"Inc\"\n3/36 Three\n10/24 Four\n");
  CHECK(good.bad == 0);
  const Read bad = read("x\nMA-L,00000,Short,\nMA-L,00000G,Digit,\nMA-L\n,,\nMA-L,-00001,Sign,\nMA-L,000001\n");
  CHECK(bad.blocks == "1/24 \n");
  CHECK(bad.bad == 5);
}

TEST_CASE("names: what is shown of a vendor") {
  CHECK(clean_vendor("  Apple, Inc. \r") == "Apple, Inc.");
  CHECK(clean_vendor("a\x1b[31mb") == "a?[31mb");
  CHECK(clean_vendor("\"\"\"\"") == "\"\"");
  CHECK(clean_vendor("") == "");
  CHECK(clean_vendor(std::string(63, 'a') + "üb") == std::string(63, 'a'));
  CHECK(clean_vendor(std::string(100'000, '"')).size() == 64);
  CHECK(clean_vendor("\xff") == "\uFFFD");
}

TEST_CASE("names: of the blocks that an address is in the longest wins, wherever it stands") {
  const testing::TempFolder folder;
  folder.write("oui36.csv", "MA-S,70B3D5F2F,Long,\n");
  folder.write("mam.csv", "MA-M,70B3D5F,Middle,\nMA-M,70B3D5E,Other,\n");
  folder.write("oui.csv", "MA-L,70B3D5,Short,\nMA-L,70B3D6,Other,\n");
  const VendorList list(folder.path());
  std::vector<VendorList::Wanted> wanted;
  for (const char* mac :
       {"70:b3:d5:f2:f0:01", "70:b3:d5:f2:e0:01", "70:b3:d5:00:00:01", "00:00:00:00:00:01", "70:b3:d5:f2:f0:02"})
    wanted.push_back({.mac = *parse_mac(mac), .vendor = {}});
  CHECK(list.find(wanted).bad == 0);
  CHECK(wanted[0].vendor == "Long");
  CHECK(wanted[1].vendor == "Middle");
  CHECK(wanted[2].vendor == "Short");
  CHECK(wanted[3].vendor.empty());
  CHECK(wanted[4].vendor == "Long");
}

TEST_CASE("names: lists as Debian has them are read to the end") {
  const VendorList list(TRAFFICD_SOURCE_DIR "/plugins/inputs/names/cases/home/root/usr/share/ieee-data");
  std::vector<VendorList::Wanted> wanted{{.mac = *parse_mac("3c:22:fb:01:02:03"), .vendor = {}},
                                         {.mac = *parse_mac("70:b3:d5:f2:f0:01"), .vendor = {}}};
  CHECK(list.find(wanted).bad == 0);
  CHECK(wanted[0].vendor == "Apple, Inc.");
  CHECK(wanted[1].length == 36);
}

}  // namespace trafficd::names
