#pragma once
// Keeps the resident memory of a service that mostly sleeps at what it really uses.

namespace trafficd {

/// Few memory pools: thirty mostly sleeping threads need none of their own. Before any thread is started.
void use_few_arenas();

/// Gives back what only the start needed: freed heap, and pages of program code and constants, which come back from the
/// file when they are touched again. Any time; costs some page faults afterwards.
void release_start_up_memory();

}  // namespace trafficd
