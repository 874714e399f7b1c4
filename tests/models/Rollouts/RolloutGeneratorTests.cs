using ActorTrain.Models.Layers;
using ActorTrain.Models.Objectives;
using ActorTrain.Models.Rollouts;
using ActorTrain.Models.Runtime;
using static ActorTrain.Models.Tests.Rollouts.RolloutModels;
using static TorchSharp.torch;

namespace ActorTrain.Models.Tests.Rollouts;

/// <summary>A rollout is a function of its name, and its log-probabilities are those of training.</summary>
public sealed class RolloutGeneratorTests : IDisposable
{
    private readonly TorchSharp.DisposeScope scope = NewDisposeScope();

    public static TheoryData<ModelFamily, Precision, double> Forms
    {
        get
        {
            var forms = new TheoryData<ModelFamily, Precision, double>();
            foreach (var family in new[] { ModelFamily.Gpt2, ModelFamily.Llama })
            {
                foreach (var precision in new[] { Precision.Float32, Precision.BFloat16 })
                {
                    forms.Add(family, precision, 1);
                    forms.Add(family, precision, 0.7);
                }
            }

            // Those of which 1 / float32(T) is not that of T.
            foreach (var temperature in new[] { 0.03, 0.55, 0.85, 1.1, 2.06 })
                forms.Add(ModelFamily.Llama, Precision.Float32, temperature);

            return forms;
        }
    }

    public void Dispose()
    {
        ComputeThreads.Set(Environment.ProcessorCount);
        scope.Dispose();
    }

    // TRL#4159, TRL#3029: a temperature on one side only; TRL#6789: sampler and trainer apart by rounding; A1.
    [Theory]
    [MemberData(nameof(Forms))]
    public void Log_probabilities_are_those_of_a_training_forward_to_the_bit(ModelFamily family, Precision precision, double temperature)
    {
        using var model = Policy(family, precision);
        foreach (var (slots, threads) in new[] { (1, 2), (7, 1), (64, 2) })
        {
            ComputeThreads.Set(threads);
            var prompts = Prompts(slots, 9);
            var rollouts = Sample(
                model, prompts, new RolloutOptions { Samples = 5, MaxTokens = 14, Slots = slots, Temperature = temperature });
            ComputeThreads.Set(3 - threads);
            foreach (var part in rollouts.Chunk(11))
            {
                var batch = CompletionRows.Of(part.Select(one => (prompts[one.Position], one.Rollout.Ids)));
                var losses = SequenceScores.LossesOf(model, batch, new HeadForm { Temperature = (float)temperature });
                for (var i = 0; i < part.Length; i++)
                {
                    var end = batch.RowsOf(i).End;
                    losses[(end - part[i].Rollout.Ids.Count)..end].Select(static loss => -loss)
                        .ShouldBe(part[i].Rollout.LogProbabilities, $"{slots} slots, {part[i].Position}, sample {part[i].Sample}");
                }
            }
        }
    }

    // A batch of what finished first (verl replay_buffer.py); TRL#6789, where the batch moved ratios by more than a tenth; A2.
    [Theory]
    [InlineData(ModelFamily.Gpt2, Precision.Float32)]
    [InlineData(ModelFamily.Llama, Precision.BFloat16)]
    public void A_rollout_depends_on_nothing_but_its_name(ModelFamily family, Precision precision)
    {
        using var model = Policy(family, precision);
        var prompts = Prompts(3, 10);
        var options = new RolloutOptions { Samples = 4, MaxTokens = 12, Slots = 64 };
        var expected = Sample(model, prompts, options).ToDictionary(static one => (one.Position, one.Sample), static one => one.Rollout);
        expected.Count.ShouldBe(40);
        var random = new Random(1);
        foreach (var slots in new[] { 1, 3, 16 })
        {
            ComputeThreads.Set(1 + slots % 2);
            using var generator = new RolloutGenerator(model, options with { Slots = slots }, seed: 5, EndToken, Pieces);
            List<GeneratedRollout> done = [];
            foreach (var (position, sample) in expected.Keys.OrderBy(_ => random.Next()))
            {
                generator.Add(position, prompts[position], [sample]);
                for (var steps = random.Next(3); steps > 0; steps--)
                    done.AddRange(generator.Advance());
            }

            done.AddRange(generator.Finish());
            done.Count.ShouldBe(40);
            foreach (var one in done)
                one.Rollout.ShouldBe(expected[(one.Position, one.Sample)], $"{slots} slots, {one.Position}, sample {one.Sample}");
        }

        // Alone, with other neighbours than its own prompt's, and with more samples beside it.
        foreach (var ((position, sample), rollout) in expected.Where(_ => random.Next(4) == 0))
        {
            using var alone = new RolloutGenerator(model, options, seed: 5, EndToken, Pieces);
            alone.Add(position, prompts[position], [sample]);
            alone.Finish().ShouldHaveSingleItem().Rollout.ShouldBe(rollout);
        }

        Sample(model, prompts, options with { Samples = 6 }).Count(one => expected.TryGetValue((one.Position, one.Sample), out var same)
            && same == one.Rollout).ShouldBe(40);
    }

    // TRL#6789, TRL#7269, TRL#6945: the sampler's distribution was cut off at top-p or top-k, and the loss was that of all of it.
    [Fact]
    public void Every_token_is_drawn_as_often_as_the_loss_takes_it_to_be()
    {
        using var model = Policy(ModelFamily.Llama);
        model.Scale(0.5);
        const int Draws = 20_000;
        EquatableArray<int> prompt = [1, 2, 4];
        var options = new RolloutOptions { Samples = Draws, MaxTokens = 1, Slots = 512, Temperature = 0.8 };
        var drawn = Sample(model, new Dictionary<long, EquatableArray<int>> { [3] = prompt }, options)
            .CountBy(static one => one.Rollout.Ids[0]).ToDictionary(static one => one.Key, static one => one.Value);
        var batch = CompletionRows.Of(Enumerable.Range(0, Vocabulary).Select(id => (prompt, (EquatableArray<int>)[id])));
        var losses = SequenceScores.LossesOf(model, batch, new HeadForm { Temperature = (float)options.Temperature });
        double[] probabilities = [.. CompletionRows.RowsOf(batch).Select(row => Math.Exp(-losses[row])).Take(Pieces)];
        var possible = probabilities.Sum();

        // The statistic has a mean of one less than there are ids, and a deviation of the square root of twice that. Without the last tenth
        // of the distribution it is above 2000.
        var statistic = probabilities.Select((p, id) => (Expected: Draws * p / possible, Drawn: drawn.GetValueOrDefault(id)))
            .Sum(static one => Math.Pow(one.Drawn - one.Expected, 2) / one.Expected);
        statistic.ShouldBeLessThan(Pieces - 1 + (5 * Math.Sqrt(2 * (Pieces - 1))));
    }

    // verl#5179, vllm#11953, AReaL#1524: replicas with one seed wrote one text; one seed for all samples (verl vllm_async_server.py) or for
    // all prompts (slime sglang_rollout.py).
    [Fact]
    public void Noise_is_of_seed_position_sample_and_token()
    {
        using var model = Policy(ModelFamily.Llama);
        model.Scale(0.2);
        var prompts = Enumerable.Range(0, 12).ToDictionary(static i => (long)i, static _ => (EquatableArray<int>)[1, 2, 4]);
        var options = new RolloutOptions { Samples = 8, MaxTokens = 10 };
        var (one, other) = (Sample(model, prompts, options, seed: 1), Sample(model, prompts, options, seed: 2));
        Sample(model, prompts, options, seed: 1).ShouldBe(one);
        var long_ = one.Concat(other).Where(static one => one.Rollout.Ids.Count > 4).ToList();
        long_.Count.ShouldBeGreaterThan(140);
        long_.Select(static one => one.Rollout.Ids).ShouldBeUnique();

        // First tokens are not those of another sample, nor of another token of the same one.
        one.Select(static one => one.Rollout.Ids[0]).Distinct().Count().ShouldBeGreaterThan(30);
        one.ShouldNotContain(static one => one.Rollout.Ids.Count > 3 && one.Rollout.Ids.Distinct().Count() == 1);
    }

    // NeMo-RL#4018, prime-rl#2270, vllm#9744, lmdeploy#4917, verl#6523: caches that survived an update.
    [Fact]
    public void Nothing_that_is_cached_survives_a_change_of_weights()
    {
        using var model = Policy(ModelFamily.Gpt2);
        var prompts = Prompts(2, 3);
        var boxed = prompts.ToDictionary(static one => one.Key, static one => (IReadOnlyList<int>)[.. one.Value]);
        var options = new RolloutOptions { Samples = 4, MaxTokens = 10, Slots = 5 };
        using var generator = new RolloutGenerator(model, options, seed: 5, EndToken, Pieces);
        foreach (var factor in new[] { 1, 0.9, 1.2 })
        {
            model.Scale(factor);

            // The last prompt is the first one of the next weights.
            foreach (var (position, prompt) in factor == 0.9 ? boxed.Reverse() : boxed)
                generator.Add(position, prompt, Enumerable.Range(0, 4));
            generator.Finish().OrderBy(static one => (one.Position, one.Sample))
                .ShouldBe(Sample(model, prompts, options).OrderBy(static one => (one.Position, one.Sample)), $"after {factor}");
        }
    }

    [Fact]
    public void A_rollout_ends_with_the_end_token_or_at_a_limit()
    {
        using var model = Policy(ModelFamily.Llama);
        model.Scale(0.3);
        foreach (var longest in new[] { 1, 9, 1000 })
        {
            var prompts = Prompts(4, 12, Context - 1);
            var rollouts = Sample(model, prompts, new RolloutOptions { Samples = 40, MaxTokens = longest, Slots = 50 });
            rollouts.Count.ShouldBe(12 * 40);
            foreach (var (position, _, rollout) in rollouts)
            {
                var (count, room) = (rollout.Ids.Count, Context - prompts[position].Count);
                rollout.LogProbabilities.Count.ShouldBe(count);
                rollout.HasEnded.ShouldBe(rollout.Ids[^1] == EndToken);
                rollout.Ids.SkipLast(1).ShouldNotContain(EndToken);
                count.ShouldBeLessThanOrEqualTo(Math.Min(longest, room));
                (rollout.HasEnded || count == Math.Min(longest, room)).ShouldBeTrue($"{count} tokens");
                rollout.Ids.ShouldAllBe(static id => id >= 0 && id < Pieces);
                rollout.LogProbabilities.ShouldAllBe(static value => value <= 0 && value > -100);
            }

            rollouts.ShouldContain(static one => one.Rollout.HasEnded);
            rollouts.ShouldContain(static one => !one.Rollout.HasEnded);
        }
    }

    // Texts of a prompt share its blocks until they grow.
    [Fact]
    public void Slots_never_run_out_of_memory()
    {
        using var model = Policy(ModelFamily.Gpt2);
        foreach (var (length, slots, samples) in
            from length in new[] { 1, 31, 32, 33, 34, 38, Context - 1 }
            from slots in new[] { 1, 2, 5, 16 }
            from samples in new[] { 1, 3 }
            select (length, slots, samples))
        {
            using var generator = new RolloutGenerator(
                model, new RolloutOptions { Samples = samples, MaxTokens = 9, Slots = slots }, seed: 5, EndToken, Pieces);
            for (var position = 0; position < 20; position++)
                generator.Add(position, [.. Enumerable.Range(position, length)], Enumerable.Range(0, samples));
            generator.Finish().Count.ShouldBe(20 * samples, $"{length} tokens, {slots} slots, {samples} samples");
        }
    }

    [Fact]
    public void Prompts_without_room_are_refused_and_what_is_given_up_can_be_asked_again()
    {
        using var model = Policy(ModelFamily.Gpt2);
        var prompts = Prompts(6, 4);
        var options = new RolloutOptions { Samples = 3, MaxTokens = 10, Slots = 4 };
        using var generator = new RolloutGenerator(model, options, seed: 5, EndToken, Pieces);
        Should.Throw<ArgumentException>(() => generator.Add(1, new int[Context], [0])).Message.ShouldContain($"{Context}");
        Should.Throw<ArgumentException>(() => generator.Add(1, [], [0]));
        generator.IsEmpty.ShouldBeTrue();
        for (var round = 0; round < 3; round++)
        {
            foreach (var (position, prompt) in prompts)
                generator.Add(position, prompt, [0, 1, 2]);
            for (var steps = 0; steps < 4; steps++)
                generator.Advance();
            generator.Clear();
            generator.IsEmpty.ShouldBeTrue();
        }

        generator.Add(prompts.Keys.First(), prompts.Values.First(), [2]);
        generator.Finish().ShouldHaveSingleItem().ShouldBe(
            Sample(model, prompts, options).Single(one => one.Position == prompts.Keys.First() && one.Sample == 2));
    }
}
