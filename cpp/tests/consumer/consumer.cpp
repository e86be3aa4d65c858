#include <newton/newton.hpp>

#include <cstdio>

int main() {
  const newton::Polynomial cubic({1, 0, 0, -1});
  const newton::Grid grid{4, 3, {-1, 1, -1, 1}};
  const std::vector<double> picture = newton::basins(cubic, grid, {20, 1e-6});
  std::printf("%zu roots, %zu numbers\n", newton::roots(cubic).size(), picture.size());
  return newton::roots(cubic).size() == 3 && picture.size() == 36 ? 0 : 1;
}
