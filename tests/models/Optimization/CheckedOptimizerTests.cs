using ActorTrain.Chaos;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Storage;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Models.Tests.Optimization;

/// <summary>Checking changes no bit, and it serves any rule.</summary>
public sealed class CheckedOptimizerTests : IDisposable
{
    private const double Rate = 1e-2;
    private static readonly ModelOptions Model =
        ModelOptions.FromDepth(1) with { ContextLength = 8, VocabularySize = 31, Heads = 2, KeyValueHeads = 2 };

    private static readonly FlatLayout Layout = ModelLayout.Of(Model);

    private static readonly Dictionary<string, Func<State, IOptimizer>> Rules = new()
    {
        ["AdamW, fused"] = static state => Guarded.Build(state.Parameters, state.Moments, fused: true),
        ["AdamW, reference"] = static state => Guarded.Build(state.Parameters, state.Moments, fused: false),
        ["another rule"] = static state => new Spam(new HeavyBall(state.Parameters, state.Moments), Guarded.Spam),
    };

    private readonly DisposeScope scope = NewDisposeScope();

    public static TheoryData<string> RuleNames => [.. Rules.Keys];

    // Everything at work, and a reset of the moments before update 26.
    private static OptimizerOptions Guarded => new()
    {
        UpdateClipping = true,
        Spam = new SpamOptions { ResetEvery = 25, ResetWarmup = 5, SpikeThreshold = 20 },
    };

    public void Dispose() => scope.Dispose();

    [Theory]
    [MemberData(nameof(RuleNames))]
    public void Checked_updates_have_the_bits_of_unchecked_ones_and_know_the_checksums_of_what_they_wrote(string rule)
    {
        using var plain = new State();
        using var state = new State();
        var (alone, guarded) = (Rules[rule](plain), new CheckedOptimizer(Rules[rule](state), state.Parameters, state.Moments));
        for (var number = 1; number <= 30; number++)
        {
            var gradient = Gradient(number);
            var update = new Update(gradient, number, Rate) { GradientChecksum = FlatChecksum.Of(gradient), ResetMomentum = number == 10 };
            var before = guarded.Checksum.Hash;
            var preview = guarded.Preview(update);
            guarded.Checksum.Hash.ShouldBe(before);
            var norm = guarded.Apply(update);
            (preview, norm).ShouldBe((norm, alone.Apply(update)), $"update {number}");
            state.Hash().ShouldBe(plain.Hash(), $"update {number}");
            guarded.Checksum.Hash.ShouldBe(state.Checksum(), $"update {number}");
        }
    }

    [Theory]
    [MemberData(nameof(RuleNames))]
    public void A_flipped_bit_is_found_by_updates_and_previews_and_in_moments_only_where_they_are_read(string rule)
    {
        foreach (var place in new[] { FlatPlace.Weights, FlatPlace.FirstMoment, FlatPlace.SecondMoment, FlatPlace.TotalGradient })
        {
            using var state = new State();
            var optimizer = new CheckedOptimizer(Rules[rule](state), state.Parameters, state.Moments);
            for (var number = 1; number <= 3; number++)
                optimizer.Apply(new Update(Gradient(number), number, Rate));
            var gradient = Gradient(4);
            var update = new Update(gradient, 4, Rate) { GradientChecksum = FlatChecksum.Of(gradient) };
            BitFlip.At(Vector(place), 32 * 1234 + 7);
            Should.Throw<CorruptionException>(() => optimizer.Preview(update)).Place.ShouldBe(place);

            // Moments that are set to zero are not read first.
            var isMoment = place is FlatPlace.FirstMoment or FlatPlace.SecondMoment;
            if (isMoment)
                Should.NotThrow(() => optimizer.Preview(update with { ResetMomentum = true }));
            Should.Throw<CorruptionException>(() => optimizer.Apply(update)).Place.ShouldBe(place);

            Tensor Vector(FlatPlace of) => of switch
            {
                FlatPlace.Weights => state.Parameters.Weights,
                FlatPlace.FirstMoment => state.Moments.First,
                FlatPlace.SecondMoment => state.Moments.Second,
                _ => gradient,
            };
        }
    }

    [Fact]
    public void A_state_that_someone_else_wrote_is_checked_from_then_on()
    {
        using var state = new State();
        var optimizer = new CheckedOptimizer(new HeavyBall(state.Parameters, state.Moments), state.Parameters, state.Moments);
        using (no_grad())
            state.Parameters.Weights.narrow(0, 5, 1).fill_(3);
        Should.Throw<CorruptionException>(() => optimizer.Preview(new Update(Gradient(1), 1, Rate)));
        optimizer.StateWritten();
        Should.NotThrow(() => optimizer.Apply(new Update(Gradient(1), 1, Rate)));
    }

    [Fact]
    public void The_weights_after_some_updates_are_those_of_every_machine()
    {
        using var state = new State();
        state.Parameters.Weights.CopyBits(static i => (i * 31 % 997 - 498) / 4096f);
        var optimizer = new AdamW(state.Parameters, state.Moments, new AdamWOptions(), fused: true);
        for (var number = 1; number <= 5; number++)
        {
            var gradient = zeros(Layout.Length);
            gradient.CopyBits(i => (i * 7919 % 1013 - 506 + number) / 65536f);
            optimizer.Apply(new Update(gradient, number, Rate) { ClipFactor = 0.5 });
        }

        state.Hash().ShouldBe(0x9A197BF5A4CD11B4UL);
        state.Checksum().ShouldBe(0xC4E8624CC06B6C5DUL);
    }

    [Fact]
    public void A_gradient_of_another_length_and_factors_for_other_tensors_are_refused()
    {
        using var state = new State();
        var optimizer = new OptimizerOptions().Build(state.Parameters, state.Moments);
        Should.Throw<ArgumentException>(() => optimizer.Apply(new Update(zeros(7), 1, Rate)));
        Should.Throw<ArgumentException>(() => optimizer.Apply(new Update(Gradient(1), 1, Rate) { TensorFactors = [1] }));
        Should.Throw<ArgumentException>(() => optimizer.Apply(new Update(Gradient(1), 1, Rate) { RateDivisors = [1] }));
        Should.Throw<ArgumentOutOfRangeException>(() => optimizer.Apply(new Update(Gradient(1), 0, Rate)));
    }

    private static Tensor Gradient(int number)
    {
        var all = zeros(Layout.Length);
        var generator = new Generator((ulong)number);
        foreach (var entry in Layout.Entries)
            all.narrow(0, entry.Offset, entry.Count).copy_(randn(entry.Count, generator: generator) * (number % 7 == 0 ? 5 : 0.1));
        return all;
    }

    private sealed class State : IDisposable
    {
        public State()
        {
            Parameters = new FlatParameters(Layout);
            Initialization.Initialize(Parameters, Model, 1);
            Moments = new Moments(Parameters);
        }

        public FlatParameters Parameters { get; }

        public Moments Moments { get; }

        public ulong Checksum() => StateChecksum.Of(Parameters.Weights, Moments.First, Moments.Second).Hash;

        public ulong Hash() => StateHash.Of(Parameters.Weights, Moments.First, Moments.Second);

        public void Dispose()
        {
            Moments.Dispose();
            Parameters.Dispose();
        }
    }

    // Gradient descent with momentum (Polyak 1964): the least that a second rule has to do.
    private sealed class HeavyBall(FlatParameters parameters, Moments moments) : IOptimizer
    {
        public double Apply(Update update)
        {
            using var _ = no_grad();
            using var inner = NewDisposeScope();
            update.Checksums?.MomentsWereReset = update.ResetMomentum;
            if (update.ResetMomentum)
                moments.Clear();
            update.Checksums?.Read(parameters.Weights, update.Gradient, moments.First, moments.Second);
            moments.First.mul_(0.9).add_(update.Gradient, update.ClipFactor);
            var change = moments.First * update.LearningRate;
            parameters.Weights.sub_(change);
            parameters.WeightsChanged();
            update.Checksums?.Wrote(parameters.Weights, moments.First, moments.Second);
            return GradientNorm.Of(change);
        }

        public double Preview(Update update)
        {
            using var _ = no_grad();
            using var inner = NewDisposeScope();
            update.Checksums?.MomentsWereReset = update.ResetMomentum;
            var first = update.ResetMomentum ? zeros_like(moments.First) : moments.First.clone();
            update.Checksums?.Read(parameters.Weights, update.Gradient, first, update.ResetMomentum ? first : moments.Second);
            return GradientNorm.Of(first.mul_(0.9).add_(update.Gradient, update.ClipFactor) * update.LearningRate);
        }
    }
}

/// <summary>Vectors whose bits do not depend on a random generator.</summary>
file static class Bits
{
    public static void CopyBits(this Tensor flat, Func<int, float> element)
    {
        using var _ = no_grad();
        using var values = tensor(Enumerable.Range(0, (int)flat.numel()).Select(element).ToArray());
        flat.copy_(values);
    }
}
