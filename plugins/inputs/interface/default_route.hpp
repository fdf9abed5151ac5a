#pragma once
// Which interface leads to the internet: the one of the default route, read from the kernel's text tables.

#include <string>
#include <string_view>

namespace trafficd::interface {

/// From the text of /proc/net/route: the interface of the usable default route with the lowest metric; empty when there
/// is none.
std::string ipv4_default_interface(std::string_view table);
/// The same from the text of /proc/net/ipv6_route.
std::string ipv6_default_interface(std::string_view table);

}  // namespace trafficd::interface
