#include "train/experiment.hpp"
#include "train/image_task.hpp"
#include "train/text_task.hpp"

namespace laq::train {

std::unique_ptr<Task> load_task(const Run& run, const data::DataPaths& paths) {
  if (run.dataset.kind == data::Kind::text) {
    return std::make_unique<TextTask>(data::load_text(run.dataset, paths, run.text_cut()));
  }
  return std::make_unique<ImageTask>(data::load_images(run.dataset, paths, run.limits),
                                     run.dataset.classes, run.train.loss, run.augmentation);
}

}  // namespace laq::train
