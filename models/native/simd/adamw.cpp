// AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101) in one pass over the flat vectors, which also checks what it reads.
#include <algorithm>
#include <vector>

#include "checksum.h"
#include "kernels.h"

namespace ak::AK_ISA {
namespace {

constexpr int64_t grain = 32768;  // elements handed to a thread at once; divides a block

// What the update makes of a gradient and the second moment so far.
struct SecondMoment {
    const vf clip, beta2, rest2, spike;
    const bool clips_spikes;

    SecondMoment(const ak_adamw_constants& c, float clip)
        : clip(set(clip)), beta2(set(c.beta2)), rest2(set(1 - c.beta2)), spike(set(c.spike)), clips_spikes(c.spike > 0) {}

    // min and max give their second argument where either is NaN: so a gradient that is NaN stays so, and where there is no history yet (v = 0, the
    // limit 0/0) nothing is clipped; a row of the embedding whose token comes late would never learn otherwise.
    vf gradient(vf g, vf v) const {
        g = g * clip;
        if (!clips_spikes) return g;
        const vf square = spike * v, limit = square / sqrt(square);
        return max(set(0) - limit, min(limit, g));
    }
    vf moment(vf gradient, vf v) const { return fma(beta2, v, rest2 * gradient * gradient); }
};

struct Task {
    LaneSums sums[ak_adamw_checksums];
    double squares = 0;
};

enum class Mode { unwatched, watched, preview };

template <Mode mode>
void update(int64_t begin, int64_t end, float* w, const float* g, float* m, float* v, const ak_adamw_constants& c, const ak_adamw_range& range,
            Task& task) {
    constexpr bool watched = mode != Mode::unwatched;
    const vf keep = set(1 - range.lr * range.decay), step = set(range.lr / c.correction1), per_correction2 = set(1 / c.correction2);
    const SecondMoment second(c, range.clip);
    Checksum of_w, of_g, of_m, of_v, to_w, to_m, to_v;
    vd low_squares = low(set(0)), high_squares = low_squares;
    each(end - begin, [&](int64_t i, auto... n) {
        const int64_t j = begin + i;
        const vf w0 = load(w + j, n...), g0 = load(g + j, n...), m0 = load(m + j, n...), v0 = load(v + j, n...);
        const vf gradient = second.gradient(g0, v0);
        const vf m1 = fma(set(c.beta1), m0, set(1 - c.beta1) * gradient);
        const vf v1 = second.moment(gradient, v0);
        const vf w1 = w0 * keep - step * m1 / (sqrt(v1 * per_correction2) + set(c.epsilon));
        if constexpr (mode != Mode::preview) {
            store(m + j, m1, n...);
            store(v + j, v1, n...);
            store(w + j, w1, n...);
        }
        if constexpr (watched) {
            of_w.add(w0), of_g.add(g0), of_m.add(m0), of_v.add(v0);
            to_w.add(first_lanes(w1, n...)), to_m.add(first_lanes(m1, n...)), to_v.add(first_lanes(v1, n...));
            const vf change = first_lanes(w1 - w0, n...);
            low_squares = square(low(change), low_squares);
            high_squares = square(high(change), high_squares);
        }
    });
    if constexpr (watched) {
        const Checksum all[ak_adamw_checksums] = {of_w, of_g, of_m, of_v, to_w, to_m, to_v};
        for (int k = 0; k < ak_adamw_checksums; ++k) task.sums[k].add(all[k].lanes());
        double lanes[W];
        store(lanes, low_squares);
        store(lanes + W / 2, high_squares);
        for (double lane : lanes) task.squares += lane;
    }
}

}  // namespace

void adamw(int64_t count, float* w, const float* g, float* m, float* v, const ak_adamw_constants& c, int64_t ranges, const ak_adamw_range* range,
           uint64_t* checksums, double* update_squares, bool writes) {
    constexpr int64_t block = int64_t{1} << 20, tasks_of_block = block / grain;
    const bool watched = checksums || update_squares;
    const auto part = !writes ? update<Mode::preview> : watched ? update<Mode::watched> : update<Mode::unwatched>;
    std::vector<Task> tasks(static_cast<size_t>(watched ? ceil_div(count, grain) : 0));
    parallel_ranges(count, grain, [&](int64_t begin, int64_t end, int) {
        const auto* at = std::upper_bound(range, range + ranges, begin, [](int64_t element, const ak_adamw_range& r) { return element < r.end; });
        Task unwatched, &task = watched ? tasks[begin / grain] : unwatched;
        for (int64_t from = begin; from < end; ++at) {
            const int64_t to = std::min(at->end, end);
            part(from, to, w, g, m, v, c, *at, task);
            from = to;
        }
    });
    if (!watched) return;

    const int64_t blocks = ceil_div(count, block);
    double squares = 0;
    for (int64_t b = 0; b < blocks; ++b) {
        Task of_block;
        for (int64_t t = b * tasks_of_block; t < std::min<int64_t>((b + 1) * tasks_of_block, tasks.size()); ++t) {
            for (int k = 0; k < ak_adamw_checksums; ++k) of_block.sums[k].add(tasks[t].sums[k]);
            squares += tasks[t].squares;
        }
        for (int k = 0; checksums && k < ak_adamw_checksums; ++k) checksums[k * blocks + b] = of_block.sums[k].fold();
    }
    if (update_squares) *update_squares = squares;
}

// g'²/max(v'/correction2, ε²) summed over one range, with g' and v' as adamw is going to have them (Wortsman et al. 2023, arXiv:2304.13013).
double adamw_ratio(int64_t count, const float* g, const float* v, const ak_adamw_constants& c, float clip) {
    std::vector<double> sums(static_cast<size_t>(ceil_div(count, grain)));
    const SecondMoment second(c, clip);
    const vf per_correction2 = set(1 / c.correction2), least = set(c.epsilon * c.epsilon);
    parallel_ranges(count, grain, [&](int64_t begin, int64_t end, int) {
        vd low_sum = low(set(0)), high_sum = low_sum;
        each(end - begin, [&](int64_t i, auto... n) {
            const vf v0 = load(v + begin + i, n...), gradient = second.gradient(load(g + begin + i, n...), v0);
            const vf ratio = first_lanes(gradient / sqrt(max(least, second.moment(gradient, v0) * per_correction2)), n...);
            low_sum = square(low(ratio), low_sum);
            high_sum = square(high(ratio), high_sum);
        });
        double lanes[W];
        store(lanes, low_sum);
        store(lanes + W / 2, high_sum);
        for (double lane : lanes) sums[begin / grain] += lane;
    });
    double total = 0;
    for (double part : sums) total += part;
    return total;
}

}  // namespace ak::AK_ISA
