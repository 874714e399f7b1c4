using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Tests.Training;
using ActorTrain.Chaos;
using ActorTrain.Models;
using ActorTrain.Models.Rollouts;
using ActorTrain.Models.Storage;
using TorchSharp;

namespace ActorTrain.Actors.Tests.PostTraining;

/// <summary>The policy that a sampler holds is the one that is meant.</summary>
public sealed class GeneratorDeviceTests
{
    private const ulong Seed = 9;

    private static readonly GeneratorOptions Options = new(
        TinyTraining.Replica.Model, Precision.BFloat16, new RolloutOptions { Samples = 4, MaxTokens = 6, Slots = 3 }, Seed, EndToken: 3,
        Pieces: 60);

    private static readonly int[] Prompt = [5, 6, 7];

    // NeMo-RL#4018, prime-rl#2270, lmdeploy#4917, verl#6523: caches of older weights; verl#7495: weights that never arrived.
    [Fact]
    public void Each_order_is_done_with_the_weights_that_it_names()
    {
        var source = new Source();
        using var device = new GeneratorDevice(Options, source);
        EquatableArray<int> prompt = [.. Prompt];
        foreach (var step in new[] { 1, 2, 1, 3 })
        {
            device.Begin(Order(step, prompt, [0, 1, 2, 3])).ShouldBeNull();
            var done = Finish(device);
            done.ShouldAllBe(one => one.Weights == (ulong)step && one.Number == step);
            done.OrderBy(static one => one.Sample).Select(static one => one.Rollout).ShouldBe(Expected(step), $"step {step}");
        }

        // Those that it has are not copied again.
        device.Begin(Order(3, prompt, [0]));
        Finish(device);
        source.Loads.ShouldBe(4);
    }

    [Fact]
    public void What_is_asked_for_twice_to_compare_it_is_computed_twice_and_equal()
    {
        using var device = new GeneratorDevice(Options, new Source());
        device.Begin(Order(1, [.. Prompt], [2, 0]));
        device.Begin(Order(1, [.. Prompt], [2], attempt: 1));
        var done = Finish(device);
        done.Select(static one => (one.Sample, one.Attempt)).Order().ShouldBe([(0, 0), (2, 0), (2, 1)]);
        done.Where(static one => one.Sample == 2).Select(static one => one.Rollout).Distinct().ShouldHaveSingleItem().ShouldBe(Expected(1)[2]);
    }

    [Fact]
    public void Weights_that_are_gone_are_refused_and_can_come_later()
    {
        var source = new Source { Refusal = "They are gone." };
        using var device = new GeneratorDevice(Options, source);
        device.Begin(Order(1, [.. Prompt], [0])).ShouldBe("They are gone.");
        device.HasWork.ShouldBeFalse();
        source.Refusal = null;
        device.Begin(Order(1, [.. Prompt], [0])).ShouldBeNull();
        Finish(device).ShouldHaveSingleItem().Rollout.ShouldBe(Expected(1)[0]);

        // A refusal leaves nothing behind that passes for the weights before it.
        source.Refusal = "They are damaged.";
        device.Begin(Order(2, [.. Prompt], [0])).ShouldNotBeNull();
        source.Refusal = null;
        device.Begin(Order(1, [.. Prompt], [1])).ShouldBeNull();
        Finish(device).ShouldHaveSingleItem().Rollout.ShouldBe(Expected(1)[1]);
    }

    [Fact]
    public void What_was_given_up_is_not_answered_and_can_be_asked_again()
    {
        using var device = new GeneratorDevice(Options, new Source());
        device.Begin(Order(1, [.. Prompt], [0, 1, 2, 3]));
        device.Advance();
        device.GiveUp();
        device.HasWork.ShouldBeFalse();
        device.Begin(Order(2, [.. Prompt], [0, 1, 2, 3]));
        Finish(device).OrderBy(static one => one.Sample).Select(static one => one.Rollout).ShouldBe(Expected(2));
    }

    [Fact]
    public void Nothing_that_flipped_weights_have_sampled_is_passed_on()
    {
        for (var bit = 3L; bit < 32L * TinyTraining.Layout.Length; bit = (bit * 7) + 11)
        {
            var source = new Source();
            using var device = new GeneratorDevice(Options, source);
            device.Begin(Order(1, [.. Prompt], [0, 1, 2, 3]));
            device.Advance();
            BitFlip.At(source.Parameters!.Weights, bit);

            // Weights that are no numbers have no distribution.
            var failure = Record.Exception(() => Finish(device)).ShouldNotBeNull($"bit {bit}");
            (failure is CorruptionException or InvalidOperationException).ShouldBeTrue($"bit {bit}: {failure}");
        }
    }

    private static GenerateRollouts Order(long step, EquatableArray<int> prompt, int[] samples, int attempt = 0) =>
        new(step, new PublishedWeights(step, 0, (ulong)step), 40, prompt, [.. samples], attempt);

    private static List<RolloutDone> Finish(GeneratorDevice device)
    {
        List<RolloutDone> done = [];
        while (device.HasWork)
            done.AddRange(device.Advance().Cast<RolloutDone>());
        return done;
    }

    private static List<Rollout> Expected(long step)
    {
        using var parameters = new FlatParameters(TinyTraining.Layout);
        using var model = new Transformer(Options.Model, parameters, Options.Precision);
        new Source().Load(new PublishedWeights(step, 0, (ulong)step), parameters);
        using var generator = new RolloutGenerator(model, Options.Rollouts, Seed, Options.EndToken, Options.Pieces);
        generator.Add(40, Prompt, [0, 1, 2, 3]);
        List<GeneratedRollout> done = [];
        while (!generator.IsEmpty)
            done.AddRange(generator.Advance());
        return [.. done.OrderBy(static one => one.Sample).Select(static one => one.Rollout)];
    }

    // Weights of a step are those that its seed initializes.
    private sealed class Source : IWeightSource
    {
        public string? Refusal { get; set; }

        public int Loads { get; private set; }

        public FlatParameters? Parameters { get; private set; }

        public string? Load(PublishedWeights published, FlatParameters parameters, long offset = 0)
        {
            if (Refusal is not null)
                return Refusal;
            Loads++;
            Parameters = parameters;
            Initialization.Initialize(parameters, Options.Model, seed: (ulong)published.Step);
            using var _ = torch.no_grad();
            using Scalar factor = 4;
            parameters.Weights.mul_(factor);
            parameters.WeightsChanged();
            return null;
        }
    }
}
