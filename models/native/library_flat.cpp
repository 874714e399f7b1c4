// The C boundary: flat vectors and the optimizer.
#include "boundary.h"

using namespace ak;

namespace {

void check_ranges(int64_t count, int64_t ranges, const ak_adamw_range* range) {
    for (int64_t i = 0, from = 0; i < ranges; from = range[i++].end) {
        check(range[i].end > from, "range " + std::to_string(i) + " of an update is empty");
        check(range[i].end % 16 == 0 || i == ranges - 1, "range " + std::to_string(i) + " of an update does not end at a multiple of 16");
    }
    check(ranges > 0 && range[ranges - 1].end == count, "the ranges of an update do not end with it");
}

void check_constants(const ak_adamw_constants& constants) {
    for (float beta : {constants.beta1, constants.beta2}) check(beta >= 0 && beta <= 1, "a beta is " + std::to_string(beta) + ", but must be from 0 to 1");
    for (float correction : {constants.correction1, constants.correction2})
        check(correction > 0 && correction <= 1, "a correction is " + std::to_string(correction) + ", but must be above 0 and at most 1");
    check_from_0("epsilon", constants.epsilon);
    check_from_0("spike", constants.spike);
}

// Learning rates and decays come from a schedule. A clip factor comes from the gradient, whose NaN must show.
void check_update(int64_t count, const ak_adamw_constants& constants, int64_t ranges, const ak_adamw_range* range) {
    check_constants(constants);
    check_ranges(count, ranges, range);
    for (int64_t i = 0; i < ranges; ++i) {
        check_finite("a learning rate", range[i].lr);
        check_finite("a weight decay", range[i].decay);
    }
}

}  // namespace

extern "C" {

int ak_convert(int64_t count, const float* from, void* to_bf16) {
    return guarded([&] {
        check_count("count", count);
        kernels().convert(count, from, to_bf16);
    });
}

double ak_sum_squares(int64_t count, const float* x) {
    double sum = 0;
    return guarded([&] {
               check_count("count", count);
               sum = kernels().sum_squares(count, x);
           }) == 0 ? sum : __builtin_nan("");
}

int ak_sum(int64_t count, const float* left, const float* right, float* to, const ak_sum_report* report) {
    return guarded([&] {
        check_count("count", count);
        for (int64_t i = 0, from = 0; i < report->cells; from = report->cell_ends[i++])
            check(report->cell_ends[i] > from, "cell " + std::to_string(i) + " of a sum is empty");
        check(report->cells == 0 || report->cell_ends[report->cells - 1] == count, "the cells of a sum do not end with it");
        kernels().sum(count, left, right, to, *report);
    });
}

int ak_checksums(int64_t vectors, const float* const* x, const int64_t* counts, uint64_t* found) {
    return guarded([&] {
        check_count("vectors", vectors);
        for (int64_t i = 0; i < vectors; ++i) check_count("a count", counts[i]);
        kernels().checksums(vectors, x, counts, found);
    });
}

int ak_adamw(int64_t count, float* w, const float* g, float* m, float* v, const ak_adamw_constants* constants, int64_t ranges,
             const ak_adamw_range* range, uint64_t* checksums, double* update_squares) {
    return guarded([&] {
        check_update(count, *constants, ranges, range);
        kernels().adamw(count, w, g, m, v, *constants, ranges, range, checksums, update_squares, true);
    });
}

int ak_adamw_preview(int64_t count, const float* w, const float* g, const float* m, const float* v, const ak_adamw_constants* constants, int64_t ranges,
                     const ak_adamw_range* range, uint64_t* checksums, double* update_squares) {
    return guarded([&] {
        check_update(count, *constants, ranges, range);
        kernels().adamw(count, const_cast<float*>(w), g, const_cast<float*>(m), const_cast<float*>(v), *constants, ranges, range, checksums, update_squares, false);
    });
}

double ak_adamw_ratio(int64_t count, const float* g, const float* v, const ak_adamw_constants* constants, float clip) {
    double sum = 0;
    return guarded([&] {
               check_count("count", count);
               check_constants(*constants);
               sum = kernels().adamw_ratio(count, g, v, *constants, clip);
           }) == 0 ? sum : __builtin_nan("");
}

}  // extern "C"
