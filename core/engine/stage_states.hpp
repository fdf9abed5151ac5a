#pragma once
// What stages keep belongs to their names, pipeline/stage. Here a stage that got another name finds it again.

#include "engine/settings.hpp"
#include "engine/state.hpp"

namespace trafficd {

/// Before the stages of a configuration open, and after those of the one before have closed. Which stages there were,
/// and of which plugin, stands in the state too. Where just one that kept something is gone, and just one of its plugin
/// is new, that one goes on from there: it was renamed. What is kept for a stage that nobody has is told once, and
/// waits for one of that name.
void hand_on_stage_states(StateStore& store, Logger& log, const Settings& settings);

}  // namespace trafficd
