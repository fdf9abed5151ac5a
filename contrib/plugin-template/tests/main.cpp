// The main of all test programs, compiled once: with Catch2 2 that takes a while.
#define CATCH_CONFIG_RUNNER
#include "catch.hpp"

int main(int argc, char** argv) { return Catch::Session().run(argc, argv); }
