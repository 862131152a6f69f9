// An array that a call writes may share memory with no other array of the call.
#pragma once
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "binding/array_view.hpp"

namespace anaphora {

class OverlapCheck {
 public:
  OverlapCheck() { spans_.reserve(48); }

  // An array of const numbers is read, any other is written.
  template <class Scalar>
  OverlapCheck& with(const char* name, const ArrayView<Scalar>& array) {
    const auto* begin = reinterpret_cast<const char*>(array.data());
    if (array.bytes()) spans_.push_back({name, begin, begin + array.bytes(), !std::is_const_v<Scalar>});
    return *this;
  }
  template <class Scalar>
  OverlapCheck& with(const char* name, const std::optional<ArrayView<Scalar>>& array) {
    return array ? with(name, *array) : *this;
  }

  void check() const {
    for (const Span& one : spans_)
      for (const Span& other : spans_)
        if (one.written && &one != &other && one.begin < other.end && other.begin < one.end)
          throw nanobind::value_error(
              (std::string(one.name) + " shares memory with " + other.name + ": copy one of them").c_str());
  }

 private:
  struct Span {
    const char* name;
    const char *begin, *end;
    bool written;
  };
  std::vector<Span> spans_;
};

}  // namespace anaphora
