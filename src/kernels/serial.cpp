#include <vector>

#include "kernels/fit_visit.hpp"
#include "kernels/queue.hpp"

namespace laq::kernels {
namespace {

class SerialQueue : public Queue {
 public:
  void on_stream(void*) override {}
  std::size_t shared_bytes() const override { return 0; }
  void set_step(Step* to, const Step& value) override { *to = value; }

  void advance(const quant::DeviceFit& fit, const Plan& plan, const Settings& settings) override {
    with_fit(fit, [&](const auto& one) { kernels::advance(*plan.step, settings, one); });
  }

  void move(const quant::DeviceFit& fit, const Plan& plan, const TileRange& range,
            const Settings& settings) override {
    with_fit(fit, [&](const auto& one) {
      with_look(settings.gather, one, [&](auto look) {
        using Look = decltype(look);
        for (std::int64_t t = range.first; t < range.first + range.count; ++t) {
          const Tile& tile = plan.tiles[t];
          const Layer& layer = plan.layers[tile.layer];
          const float* gradient = range.gradients[tile.layer - range.first_layer];
          if (!gradient) continue;
          Edges<Look> edges{};
          if (layer.quantized) edges.make(team_, one, layer, tile.group);
          if (settings.sgd) {
            move_tile<Look, true>(team_, one, layer, tile, gradient, settings, *plan.step, edges);
          } else {
            move_tile<Look, false>(team_, one, layer, tile, gradient, settings, *plan.step, edges);
          }
        }
      });
    });
  }

  void fit(const quant::DeviceFit& fit, const Plan& plan, const Settings& settings,
           bool fresh) override {
    std::vector<double> rows(Gather::kMostRows);
    std::vector<NearRoom> near(1);
    std::vector<unsigned char> book(plan.book_bytes);
    std::vector<Near> held(static_cast<std::size_t>(plan.most_held));
    with_search(fit, [&](const auto& one, auto searches) {
      constexpr bool kSearches = decltype(searches)::value;
      for (int i = 0; i < plan.large_count && !fresh && !plan.always_whole; ++i) {
        const GroupPlace& at = plan.large[i];
        fit_near<kSearches>(team_, one, plan.layers[at.layer], at.group, settings, *plan.step,
                            rows.data(), near.data(), book.data());
      }
      for (int i = 0; i < plan.small_count; ++i) {
        const GroupPlace& at = plan.small[i];
        const Layer& layer = plan.layers[at.layer];
        const auto by = [&](auto& team) {
          fit_small<kSearches>(team, one, layer, at.group, settings, *plan.step, fresh, rows.data(),
                               book.data(), passes_often(one) ? held.data() : nullptr);
        };
        layer.lost[at.group] = 1;
        if (few_levels(one)) by(holder_);
        if (layer.lost[at.group] != 0) by(team_);
      }
    });
  }

  void fit_rest(const quant::DeviceFit& fit, const Plan& plan, const Settings& settings, bool fresh,
                bool applies) override {
    std::vector<unsigned char> book(plan.book_bytes);
    with_search(fit, [&](const auto& one, auto searches) {
      for (int i = 0; i < plan.large_count; ++i) {
        const GroupPlace& at = plan.large[i];
        const Layer& layer = plan.layers[at.layer];
        if (!fresh && !plan.always_whole && layer.lost[at.group] == 0) continue;
        fit_whole<decltype(searches)::value>(team_, one, layer, at.group, settings, *plan.step,
                                             fresh, book.data());
        for (std::int32_t t = 0; applies && t < layer.tiles; ++t)
          apply_tile(team_, layer, tile_of(layer, at, t), settings.replaces_latent);
      }
    });
  }

  void apply(const Plan& plan, const Settings& settings, bool held) override {
    for (std::int64_t t = 0; t < plan.tile_count; ++t) {
      const Tile& tile = plan.tiles[t];
      const Layer& layer = plan.layers[tile.layer];
      if (layer.quantized && !(held && layer.lost[tile.group] != 0))
        apply_tile(team_, layer, tile, settings.replaces_latent);
    }
  }

  void report(const Plan& plan, const ReportRequest& request, std::int64_t tiles) override {
    const Layer& layer = plan.layers[request.layer];
    for (std::int64_t t = 0; t < tiles; ++t)
      report_tile(team_, layer, plan.tiles[request.first_tile + t], t, request);
  }

  void compare(const Plan& plan, std::int32_t layer, const Books& other, const Settings& settings,
               double* sums, std::int64_t first_tile, std::int64_t tiles) override {
    for (std::int64_t t = 0; t < tiles; ++t)
      compare_tile(team_, plan.layers[layer], plan.tiles[first_tile + t], other, settings,
                   sums + 2 * t);
  }

 private:
  SerialTeam team_;
  SerialHolder holder_;
};

}  // namespace

std::unique_ptr<Queue> make_serial_queue() {
  return std::make_unique<SerialQueue>();
}

}  // namespace laq::kernels
