// Sampling against a sorted reference in double precision, its frequencies, its log-probabilities, and its bits.
#include <algorithm>
#include <numeric>

#include "checks.h"

namespace {

std::uniform_real_distribution<double> uniform(0, 1);

ak_sampling all_of(int64_t pieces) { return {uniform(generator), 1, 1, 0, 1, 0, pieces, nullptr, 0}; }

struct Reference {
    Doubles probabilities;  // of what is drawn from
    Doubles log_probabilities;
};

Reference reference(int64_t vocabulary, const float* logits, const ak_sampling& o) {
    const double temperature = o.temperature == 0 ? 1 : o.temperature;
    Doubles values(logits, logits + vocabulary), plain(vocabulary);
    double top = *std::max_element(values.begin(), values.end()), total = 0;
    for (double z : values) total += std::exp((z - top) / temperature);
    for (int64_t i = 0; i < vocabulary; ++i) plain[i] = (values[i] - top) / temperature - std::log(total);

    std::vector<bool> penalised(vocabulary);
    for (int64_t i = 0; i < o.seen_count; ++i) penalised[o.seen[i]] = true;
    for (int64_t i = 0; i < vocabulary; ++i)
        if (penalised[i]) values[i] = values[i] > 0 ? values[i] / o.repetition_penalty : values[i] * o.repetition_penalty;
    std::vector<int64_t> order(o.pieces);
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return values[a] > values[b]; });
    const auto weight = [&](int64_t id) { return std::exp((values[id] - values[order[0]]) / temperature); };
    if (o.temperature == 0) order.resize(1);
    while (weight(order.back()) < o.min_p) order.pop_back();
    if (o.top_k > 0) order.resize(std::min<size_t>(order.size(), o.top_k));
    double of_all = 0, of_kept = 0;
    for (int64_t id : order) of_all += weight(id);
    size_t kept = 0;
    while (kept < order.size() && of_kept < o.top_p * of_all) of_kept += weight(order[kept++]);
    Doubles probabilities(vocabulary);
    for (size_t i = 0; i < kept; ++i) probabilities[order[i]] = weight(order[i]) / of_kept;
    return {probabilities, plain};
}

// Whether a token is the one that the reference draws, but for rounding where two meet.
bool is_drawn(const Reference& expected, const ak_sampling& o, const ak_sampled& got) {
    if (got.token < 0 || got.token >= o.pieces || expected.probabilities[got.token] == 0) return false;
    double before = 0;
    for (int64_t i = 0; i < got.token; ++i) before += expected.probabilities[i];
    const double p = expected.probabilities[got.token];
    const bool is_between = o.temperature == 0 || (o.uniform >= before - 1e-5 && o.uniform <= before + p + 1e-5);
    return is_between && std::fabs(got.log_probability - expected.log_probabilities[got.token]) < 2e-4 &&
           std::fabs(got.drawn_log_probability - std::log(p)) < 2e-4;
}

bool same(const ak_sampled& a, const ak_sampled& b) {
    return a.token == b.token && std::memcmp(&a.log_probability, &b.log_probability, 4) == 0 &&
           std::memcmp(&a.drawn_log_probability, &b.drawn_log_probability, 4) == 0;
}

}  // namespace

void sampling(int64_t vocabulary) {
    const int64_t rows = 60;
    Tensor logits = noise(rows * vocabulary, ak_f32, 3);
    for (int64_t i = 0; i < rows * vocabulary; ++i)
        if (i / vocabulary % 3 == 0) logits.put(i, std::round(logits.at(i)));  // with many equal ones
    std::vector<ak_sampling> options(rows);
    std::vector<std::vector<int32_t>> seen(rows);
    const double temperatures[] = {1, 0.5, 2, 0, 0.01}, ps[] = {1, 0.9, 0.5, 1e-9}, least[] = {0, 0, 0.05, 1};
    const int64_t ks[] = {0, 1, 3, 40, vocabulary};
    for (int64_t r = 0; r < rows; ++r) {
        ak_sampling& o = options[r] = all_of(std::max<int64_t>(1, vocabulary - static_cast<int64_t>(generator() % 3)));
        o.temperature = temperatures[generator() % 5];
        o.top_p = ps[generator() % 4];
        o.min_p = least[generator() % 4];
        o.top_k = ks[generator() % 5];
        if (generator() % 2 == 0) {
            o.repetition_penalty = 1.5;
            for (int64_t id : ids(10, vocabulary)) seen[r].push_back(static_cast<int32_t>(id));
            o.seen = seen[r].data(), o.seen_count = 10;
        }
    }
    std::vector<ak_sampled> sampled(rows), again(rows);
    call(ak_sample(rows, vocabulary, logits.floats(), options.data(), sampled.data()));
    bool drawn = true, stable = true, alone = true, likeliest = true;
    for (int64_t r = 0; r < rows; ++r) {
        const float* row = logits.floats() + r * vocabulary;
        drawn &= is_drawn(reference(vocabulary, row, options[r]), options[r], sampled[r]);
        ak_sampled one, greedy;
        call(ak_sample(1, vocabulary, row, &options[r], &one));
        alone &= same(one, sampled[r]);
        ak_sampling single = options[r], first = options[r];
        single.top_k = 1, first.temperature = 0;
        call(ak_sample(1, vocabulary, row, &single, &one));
        call(ak_sample(1, vocabulary, row, &first, &greedy));
        likeliest &= one.token == greedy.token && one.drawn_log_probability == 0;
    }
    Tensor huge(rows * vocabulary);  // so far apart that only the likeliest has a weight
    for (int64_t i = 0; i < huge.count; ++i) huge.put(i, logits.at(i) * 1e10f);
    for (int64_t r = 0; r < rows; ++r) {
        ak_sampling few = all_of(vocabulary), first = all_of(vocabulary);
        few.top_k = 3, few.top_p = 0.9, first.temperature = 0;
        ak_sampled one, greedy;
        call(ak_sample(1, vocabulary, huge.floats() + r * vocabulary, &few, &one));
        call(ak_sample(1, vocabulary, huge.floats() + r * vocabulary, &first, &greedy));
        likeliest &= huge.at(r * vocabulary + one.token) == huge.at(r * vocabulary + greedy.token);
    }
    for (int threads : {1, 2, 3, 4, 7}) {
        ak_set_threads(threads);
        call(ak_sample(rows, vocabulary, logits.floats(), options.data(), again.data()));
        for (int64_t r = 0; r < rows; ++r) stable &= same(again[r], sampled[r]);
    }
    ak_set_threads(2);
    report(drawn, named("sampling draws what a sorted reference draws, of", {vocabulary}, ak_f32));
    report(stable && alone, named("a sampled row has the same bits on any threads and alone, of", {vocabulary}, ak_f32));
    report(likeliest, named("the likeliest one is the greedy one, of", {vocabulary}, ak_f32));
}

// Pearson's chi-square of 20,000 draws; with 40 degrees of freedom it exceeds 90 once in 100,000.
void sampled_frequencies() {
    const int64_t vocabulary = 41, draws = 20000;
    const Tensor one = noise(vocabulary, ak_f32, 1);
    Tensor logits(draws * vocabulary);
    for (int64_t i = 0; i < logits.count; ++i) logits.put(i, one.at(i % vocabulary));
    std::vector<ak_sampling> options;
    for (int64_t i = 0; i < draws; ++i) options.push_back(all_of(vocabulary));
    std::vector<ak_sampled> sampled(draws);
    call(ak_sample(draws, vocabulary, logits.floats(), options.data(), sampled.data()));
    Doubles counts(vocabulary);
    for (const ak_sampled& s : sampled) ++counts[s.token];
    const Doubles p = reference(vocabulary, logits.floats(), options[0]).probabilities;
    double chi_square = 0;
    for (int64_t i = 0; i < vocabulary; ++i) chi_square += (counts[i] - draws * p[i]) * (counts[i] - draws * p[i]) / (draws * p[i]);
    report(chi_square < 90, "frequencies of sampled tokens, chi-square " + std::to_string(chi_square));
}

// At temperature 1 they are minus the losses, to the bit.
void sampled_log_probabilities(int64_t rows, int64_t width, int64_t vocabulary, int dtype) {
    Tensor w = noise(vocabulary * width), x = noise(rows * width, dtype), logits(rows * vocabulary), found(rows), temperatures(rows);
    ak_linear* head = ak_linear_new(width, vocabulary, dtype);
    call(ak_linear_pack(head, w.floats()));
    call(ak_linear_forward(head, rows, x.data(), nullptr, nullptr, logits.data(), ak_f32));
    bool equal = true;
    std::vector<double> heats = {0, 1, 0.7, 0.8, 0.85, 1.1, 2.5};
    for (int i = 0; i < 30; ++i) heats.push_back(std::uniform_real_distribution<double>(0.3, 3)(generator));
    for (double temperature : heats) {
        std::vector<ak_sampling> options;
        for (int64_t r = 0; r < rows; ++r) {
            options.push_back(all_of(vocabulary));
            options[r].temperature = temperature, options[r].top_p = 0.9;
        }
        std::vector<ak_sampled> sampled(rows);
        call(ak_sample(rows, vocabulary, logits.floats(), options.data(), sampled.data()));
        std::vector<int64_t> targets;
        for (const ak_sampled& s : sampled) targets.push_back(s.token);
        for (int64_t r = 0; r < rows; ++r) temperatures.put(r, temperature == 0 ? 1 : static_cast<float>(temperature));
        ak_objective objective = {};
        objective.temperatures = temperatures.floats();
        const ak_head_rows results = {nullptr, found.floats(), nullptr};
        call(ak_head(head, rows, x.data(), targets.data(), &objective, &results, nullptr, nullptr, 0, 1, nullptr));
        for (int64_t r = 0; r < rows; ++r) equal &= sampled[r].log_probability == found.at(r);
    }
    report(equal, named("log-probabilities of sampled tokens are those of the head", {rows, width, vocabulary}, dtype));
    ak_linear_free(head);
}
