#pragma once

#include <hdf5.h>

#include <string>
#include <utility>

#include "record/hdf5.hpp"

namespace laq::record {

/// An HDF5 identifier that is closed when it goes out of scope.
class Handle {
 public:
  using Close = herr_t (*)(hid_t);
  Handle() = default;
  Handle(hid_t id, Close closer) : id_(id), close_(closer) {}
  Handle(Handle&& other) noexcept
      : id_(std::exchange(other.id_, H5I_INVALID_HID)), close_(other.close_) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  operator hid_t() const { return id_; }
  /// Closes now and tells whether that went well.
  bool close() { return close_(std::exchange(id_, H5I_INVALID_HID)) >= 0; }

 private:
  hid_t id_ = H5I_INVALID_HID;
  Close close_ = nullptr;
};

/// Stops the library from printing its errors on standard error in this thread.
void silence_hdf5();

/// Throws `what` with the innermost message of HDF5's error stack.
[[noreturn]] void throw_hdf5(const std::string& what, const std::string& where,
                             const std::string& advice = "");

/// A handle, or the error when `id` is negative.
Handle checked(hid_t id, Handle::Close close, const std::string& what, const std::string& where);
/// Throws when `status` is negative.
void check_status(herr_t status, const std::string& what, const std::string& where);

/// The type in memory, which is also the type in the files we write.
template <Number T>
hid_t native_type() {
  if constexpr (std::same_as<T, float>) return H5T_NATIVE_FLOAT;
  if constexpr (std::same_as<T, double>) return H5T_NATIVE_DOUBLE;
  if constexpr (std::same_as<T, std::int8_t>) return H5T_NATIVE_INT8;
  if constexpr (std::same_as<T, std::int16_t>) return H5T_NATIVE_INT16;
  if constexpr (std::same_as<T, std::int32_t>) return H5T_NATIVE_INT32;
  if constexpr (std::same_as<T, std::int64_t>) return H5T_NATIVE_INT64;
  if constexpr (std::same_as<T, std::uint8_t>) return H5T_NATIVE_UINT8;
}

/// Type and shape of a dataset or attribute from its handles.
Content content_of(hid_t type, hid_t space, const std::string& where);

}  // namespace laq::record
