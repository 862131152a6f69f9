// A view of an array that the caller owns, a NumPy array or a tensor; and the check of its shape.
//
// A type that has DLPack's exchange table (DLPack 1.3; torch 2.10 on) says where its numbers lie within nanoseconds;
// all others go through nanobind's own arrays. Both must be dense, row-major and on the CPU.
#pragma once
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace anaphora {

// DLPack's DLPackExchangeAPI, whose layout is fixed within major version 1; what isn't called here has no type.
struct ExchangeTable {
  uint32_t major, minor;
  ExchangeTable* older;
  void *allocate, *from_object, *to_object;
  int (*describe)(void* object, nanobind::dlpack::dltensor* out);  // 0 on success; `object` stays the owner
  void* stream;

  // Of the type of an object, or null. Types are few and live as long as the process.
  static const ExchangeTable* of(PyTypeObject* type) {
    static std::vector<std::pair<PyTypeObject*, const ExchangeTable*>> known;
    for (const auto& [one, table] : known)
      if (one == type) return table;
    known.emplace_back(reinterpret_cast<PyTypeObject*>(Py_NewRef(reinterpret_cast<PyObject*>(type))), find(type));
    return known.back().second;
  }

 private:
  static const ExchangeTable* find(PyTypeObject* type) {
    const nanobind::object capsule = nanobind::getattr(nanobind::handle(reinterpret_cast<PyObject*>(type)),
                                                       "__dlpack_c_exchange_api__", nanobind::none());
    const char* name = "dlpack_exchange_api";
    if (!PyCapsule_IsValid(capsule.ptr(), name)) return nullptr;
    const auto* table = static_cast<const ExchangeTable*>(PyCapsule_GetPointer(capsule.ptr(), name));
    return table->major == 1 ? table : nullptr;
  }
};

template <class Scalar>
class ArrayView {
 public:
  size_t ndim() const { return ndim_; }
  int64_t shape(size_t i) const { return shape_[i]; }
  std::vector<int64_t> shape() const { return {shape_, shape_ + ndim_}; }
  bool has(std::initializer_list<int64_t> shape) const {
    return shape.size() == ndim_ && std::equal(shape.begin(), shape.end(), shape_);
  }
  Scalar* data() const { return data_; }
  nanobind::handle owner() const { return owner_; }

  // Of x and its like, which may have any shape whose last dimension is a line's.
  int64_t lines() const {
    int64_t lines = 1;
    for (size_t i = 0; i + 1 < ndim_; ++i) lines *= shape_[i];
    return lines;
  }
  int64_t width() const { return ndim_ ? shape_[ndim_ - 1] : 0; }
  int64_t bytes() const { return lines() * (ndim_ ? width() : 1) * static_cast<int64_t>(sizeof(Scalar)); }

  bool take(nanobind::handle from) {
    const ExchangeTable* table = ExchangeTable::of(Py_TYPE(from.ptr()));
    return table ? describe(*table, from) : import(from);
  }

 private:
  static constexpr int most = 8;  // dimensions
  using Array = nanobind::ndarray<Scalar, nanobind::c_contig, nanobind::device::cpu>;

  bool describe(const ExchangeTable& table, nanobind::handle from) {
    nanobind::dlpack::dltensor found;
    if (table.describe(from.ptr(), &found)) {
      PyErr_Clear();
      return false;
    }
    if (found.device.device_type != nanobind::device::cpu::value || found.dtype != nanobind::dtype<Scalar>())
      return false;
    if (!hold(found.ndim, found.shape)) return false;
    int64_t floats = 1;
    bool dense = true;
    for (size_t i = ndim_; i-- > 0; floats *= shape_[i])
      dense = dense && (shape_[i] == 1 || !found.strides || found.strides[i] == floats);
    if (floats && !dense) return false;
    data_ = reinterpret_cast<Scalar*>(static_cast<char*>(found.data) + found.byte_offset);
    owner_ = nanobind::borrow(from);
    return true;
  }

  bool import(nanobind::handle from) {
    nanobind::detail::make_caster<Array> caster;
    if (!caster.from_python(from, 0, nullptr)) return false;
    const Array& array = caster.value;
    if (!hold(static_cast<int>(array.ndim()), array.shape_ptr())) return false;
    data_ = array.data();
    owner_ = nanobind::borrow(from);
    array_ = array;
    return true;
  }

  bool hold(int ndim, const int64_t* shape) {
    if (ndim > most) return false;
    ndim_ = static_cast<size_t>(ndim);
    for (size_t i = 0; i < ndim_; ++i) shape_[i] = shape[i];
    return true;
  }

  size_t ndim_ = 0;
  int64_t shape_[most];
  Scalar* data_ = nullptr;
  nanobind::object owner_;
  Array array_;
};

inline std::string shape_text(const std::vector<int64_t>& shape) {
  std::string text = "(";
  for (size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + (shape.size() == 1 ? ",)" : ")");
}

template <class Scalar>
Scalar* expect(const char* name, const ArrayView<Scalar>& array, std::initializer_list<int64_t> shape) {
  if (array.has(shape)) return array.data();
  throw nanobind::value_error(
      (std::string(name) + ": expected shape " + shape_text(shape) + ", got " + shape_text(array.shape())).c_str());
}

template <class Scalar>
Scalar* expect(const char* name, const std::optional<ArrayView<Scalar>>& array, std::initializer_list<int64_t> shape) {
  return array ? expect(name, *array, shape) : nullptr;
}

template <class Scalar>
Scalar* expect_lines(const char* name, const ArrayView<Scalar>& array, int64_t N, int64_t width) {
  const bool same = array.ndim() > 2 && array.lines() == N && array.width() == width;
  return same ? array.data() : expect(name, array, {N, width});
}

template <class Scalar>
Scalar* expect_lines(const char* name, const std::optional<ArrayView<Scalar>>& array, int64_t N, int64_t width) {
  return array ? expect_lines(name, *array, N, width) : nullptr;
}

template <class Scalar>
int64_t rows_of(const char* name, const ArrayView<Scalar>& array) {
  if (array.ndim() == 2) return array.shape(0);
  throw nanobind::value_error(
      (std::string(name) + ": expected a matrix, got shape " + shape_text(array.shape())).c_str());
}

}  // namespace anaphora

namespace nanobind::detail {

template <class Scalar>
struct type_caster<anaphora::ArrayView<Scalar>> {
  NB_TYPE_CASTER(anaphora::ArrayView<Scalar>, const_name("array"))
  bool from_python(handle from, uint32_t, cleanup_list*) noexcept { return value.take(from); }
  static handle from_cpp(const anaphora::ArrayView<Scalar>& view, rv_policy, cleanup_list*) {
    return view.owner().inc_ref();
  }
};

}  // namespace nanobind::detail
