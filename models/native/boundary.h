// What the functions of kernels.h share: the kernels in use, checks of arguments, and exceptions as error codes.
#pragma once
#include <cmath>
#include <initializer_list>
#include <new>
#include <string>

#include "kernels.h"
#include "kernels_table.h"

namespace ak {

const Kernels& kernels();  // of the chosen instruction set
void set_error(const char* sentence);

inline void check(bool holds, const std::string& otherwise) {
    if (!holds) throw Error(otherwise);
}

inline void check_dtype(int dtype) { check(dtype == ak_f32 || dtype == ak_bf16, "dtype " + std::to_string(dtype) + " is neither ak_f32 (0) nor ak_bf16 (1)"); }

inline void check_size(const char* name, int64_t value) { check(value > 0, std::string(name) + " is " + std::to_string(value) + ", but must be positive"); }

inline void check_count(const char* name, int64_t value) { check(value >= 0, std::string(name) + " is " + std::to_string(value) + ", but must not be negative"); }

// A coefficient that arithmetic would spread over everything.
inline void check_from_0(const char* name, double value) {
    check(value >= 0 && std::isfinite(value), std::string(name) + " is " + std::to_string(value) + ", but must be finite and not negative");
}
inline void check_finite(const char* name, double value) { check(std::isfinite(value), std::string(name) + " is " + std::to_string(value) + ", but must be finite"); }

// That memory for so many elements can be asked for at all.
inline void check_sizes(const char* names, std::initializer_list<int64_t> sizes) {
    constexpr int64_t most = int64_t{1} << 44;
    int64_t elements = 1;
    for (int64_t size : sizes) {
        check(size <= most / elements, std::string("the product of ") + names + " is beyond 2^44");
        elements *= size;
    }
}

inline void check_ids(const char* name, int64_t count, const int64_t* ids, int64_t least, int64_t limit) {
    for (int64_t i = 0; i < count; ++i)
        if (ids[i] < least || ids[i] >= limit)
            throw Error(std::string(name) + "[" + std::to_string(i) + "] is " + std::to_string(ids[i]) + ", outside " + std::to_string(least) + ".." +
                        std::to_string(limit - 1));
}

// Beyond it, logits of a model overflow, or all tokens are as likely.
inline bool is_temperature(double t) { return t >= 0.001 && t <= 1000; }
constexpr const char* temperature_bounds = "from 0.001 to 1000";

// 0, or 1 with the sentence that ak_error() shows.
template <class Body>
int guarded(const Body& body) {
    try {
        body();
        return 0;
    } catch (const std::bad_alloc&) {
        set_error("out of memory for the scratch of a kernel");
    } catch (const std::exception& e) {
        set_error(e.what());
    }
    return 1;
}

}  // namespace ak
