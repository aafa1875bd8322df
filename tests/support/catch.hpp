#pragma once

// LibTorch's logging defines CHECK too, one that ends the process: it comes first, so that Catch's
// is the one that tests use whatever they include afterwards.
#include <c10/util/Logging.h>

#include <catch2/catch.hpp>
