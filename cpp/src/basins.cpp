#include <newton/basins.hpp>
#include <newton/roots.hpp>

#include "kernel.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>

namespace newton {
namespace {

using kernel::lane_count;

constexpr int channels = 3;

void require(bool condition, const char* otherwise) {
  if (!condition) throw std::invalid_argument(otherwise);
}

void require_valid(const Region& region) {
  require(std::isfinite(region.re_max - region.re_min),
          "the region's real bounds must be finite numbers, and their difference too");
  require(std::isfinite(region.im_max - region.im_min),
          "the region's imaginary bounds must be finite numbers, and their difference too");
}

void require_valid(const Limits& limits) {
  require(limits.steps >= 1, "the number of steps must be at least 1");
  require(limits.tolerance > 0 && std::isfinite(limits.tolerance),
          "the tolerance must be a positive finite number");
}

double coordinate(double low, double high, std::size_t index, std::size_t count) {
  return low + (high - low) * static_cast<double>(index) / static_cast<double>(count);
}

// What the threads share while they draw one picture.
struct Drawing {
  const kernel::Problem problem;
  const Grid grid;
  const Limits limits;
  double* const hsv;
  std::vector<double> column_re;  // the same in every row
  std::atomic<std::size_t> next_row{0};

  Drawing(const Polynomial& p, const Grid& g, const Limits& l, double* out)
      : problem(p, roots(p)), grid(g), limits(l), hsv(out), column_re(g.width) {
    const Region& region = grid.region;
    for (std::size_t x = 0; x < grid.width; ++x) {
      column_re[x] = coordinate(region.re_min, region.re_max, x, grid.width);
    }
  }
};

// Hands out one thread's pixels: whole rows, taken from those no thread has begun.
class PixelSource {
 public:
  explicit PixelSource(Drawing& drawing) : drawing_(drawing), x_(drawing.grid.width) {}

  // Sets `re`, `im` and returns where the pixel goes, or nullptr when none are left.
  double* take(double& re, double& im) {
    if (x_ == drawing_.grid.width && !begin_row()) return nullptr;
    re = drawing_.column_re[x_++];
    im = row_im_;
    double* const pixel = pixel_;
    pixel_ += channels;
    return pixel;
  }

 private:
  bool begin_row() {
    const Grid& grid = drawing_.grid;
    if (exhausted_) return false;
    const std::size_t y = drawing_.next_row.fetch_add(1, std::memory_order_relaxed);
    exhausted_ = y >= grid.height;
    if (exhausted_) return false;
    row_im_ = coordinate(grid.region.im_min, grid.region.im_max, y, grid.height);
    pixel_ = drawing_.hsv + y * grid.width * channels;
    x_ = 0;
    return true;
  }

  Drawing& drawing_;
  std::size_t x_;
  double row_im_ = 0;
  double* pixel_ = nullptr;
  bool exhausted_ = false;
};

// One thread's work. Points need very different numbers of steps, so a lane that is done takes the
// next pixel at once instead of waiting for the others.
class Painter {
 public:
  explicit Painter(Drawing& drawing)
      : source_(drawing), problem_(drawing.problem), limits_(drawing.limits) {
    // A square that leaves the range of double must still be comparable.
    squared_tolerance_ =
        std::min(limits_.tolerance * limits_.tolerance, std::numeric_limits<double>::max());
    for (int lane = 0; lane < lane_count; ++lane) refill(lane);
  }

  void paint() {
    const kernel::Step step = kernel::best_step();
    while (busy_ > 0) {
      step(lanes_, problem_);
      ++clock_;
      const int count = collect_done();
      for (int i = 0; i < count; ++i) finish(done_[i]);
    }
  }

 private:
  // Fills done_, without a branch for the processor to mispredict. A distance that is not a number
  // is not greater than the tolerance: such a lane is done as well.
  int collect_done() {
    int count = 0;
    for (int lane = 0; lane < lane_count; ++lane) {
      done_[count] = lane;
      count += static_cast<int>(!(lanes_.nearest[lane] > squared_tolerance_)) |
               static_cast<int>(deadline_[lane] <= clock_);
    }
    return count;
  }

  void finish(int lane) {
    if (pixel_[lane] == nullptr) return;
    if (lanes_.nearest[lane] <= squared_tolerance_) {
      write_converged(lane);
    } else {
      std::fill_n(pixel_[lane], channels, 0.0);
    }
    --busy_;
    refill(lane);
  }

  void write_converged(int lane) const {
    const int root = problem_.nearest_root(lanes_.re[lane], lanes_.im[lane]);
    const std::int64_t index = clock_ - 1 - (deadline_[lane] - limits_.steps);
    double* const pixel = pixel_[lane];
    pixel[0] = static_cast<double>(root) / static_cast<double>(problem_.roots.size());
    pixel[1] = 1;
    pixel[2] = 1 - static_cast<double>(index) / limits_.steps;
  }

  void refill(int lane) {
    pixel_[lane] = source_.take(lanes_.re[lane], lanes_.im[lane]);
    deadline_[lane] = clock_ + limits_.steps;
    if (pixel_[lane] != nullptr) {
      ++busy_;
    } else {
      lanes_.re[lane] = lanes_.im[lane] = 0;
    }
  }

  PixelSource source_;
  const kernel::Problem& problem_;
  const Limits limits_;
  double squared_tolerance_;
  std::int64_t clock_ = 0;  // steps so far
  int busy_ = 0;            // lanes that work on a pixel
  kernel::Lanes lanes_;
  double* pixel_[lane_count];          // nullptr: the lane is idle
  std::int64_t deadline_[lane_count];  // the clock at which a lane gives up
  int done_[lane_count];
};

void paint(Drawing& drawing) {
  Painter(drawing).paint();
}

unsigned thread_count(unsigned wanted, std::size_t rows) {
  const unsigned count = wanted == 0 ? std::max(1U, std::thread::hardware_concurrency()) : wanted;
  return static_cast<unsigned>(std::min<std::size_t>(count, rows));
}

// The calling thread works too, so a system that refuses further threads only makes it slower.
void paint_in_threads(Drawing& drawing, unsigned count) {
  std::vector<std::thread> helpers;
  helpers.reserve(count - 1);
  try {
    while (helpers.size() + 1 < count) helpers.emplace_back(paint, std::ref(drawing));
  } catch (const std::system_error&) {
  }
  paint(drawing);
  for (std::thread& helper : helpers) helper.join();
}

}  // namespace

std::size_t Grid::picture_size() const {
  require(width >= 1 && height >= 1, "a picture must be at least 1 pixel wide and high");
  const std::size_t most = std::numeric_limits<std::ptrdiff_t>::max() / (channels * sizeof(double));
  require(width <= most / height, "a picture of that many pixels does not fit in memory");
  return width * height * channels;
}

void draw_basins(const Polynomial& polynomial, const Grid& grid, const Limits& limits, double* hsv,
                 unsigned threads) {
  static_cast<void>(grid.picture_size());
  require_valid(grid.region);
  require_valid(limits);
  Drawing drawing(polynomial, grid, limits, hsv);
  paint_in_threads(drawing, thread_count(threads, grid.height));
}

std::vector<double> basins(const Polynomial& polynomial, const Grid& grid, const Limits& limits,
                           unsigned threads) {
  std::vector<double> hsv(grid.picture_size());
  draw_basins(polynomial, grid, limits, hsv.data(), threads);
  return hsv;
}

}  // namespace newton
