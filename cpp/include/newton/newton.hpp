// The whole library.
#pragma once

#include <newton/basins.hpp>
#include <newton/polynomial.hpp>
#include <newton/roots.hpp>
