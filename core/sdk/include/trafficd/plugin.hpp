#pragma once
// The one include of a plugin.

#include "trafficd/calendar.hpp"
#include "trafficd/counter.hpp"
#include "trafficd/descriptor.hpp"
#include "trafficd/text.hpp"
#include "trafficd/wait.hpp"
