using ActorTrain.Models.Generation;
using ActorTrain.Models.Runtime;
using ActorTrain.Models.Storage;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Models.Tests;

public sealed class IncrementalDecoderTests : IDisposable
{
    private const int Context = 100, Vocabulary = 71;

    private readonly DisposeScope scope = NewDisposeScope();

    // Family, precision, threads.
    public static TheoryData<ModelFamily, Precision, int> Forms => new()
    {
        { ModelFamily.Gpt2, Precision.Float32, 1 },
        { ModelFamily.Gpt2, Precision.BFloat16, 2 },
        { ModelFamily.Llama, Precision.Float32, 2 },
        { ModelFamily.Llama, Precision.BFloat16, 1 },
        { ModelFamily.Llama, Precision.BFloat16, 2 },
    };

    public void Dispose()
    {
        ComputeThreads.Set(Environment.ProcessorCount);
        scope.Dispose();
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void Losses_have_the_bits_of_the_whole_text_however_it_is_cut_and_whatever_is_beside_it(
        ModelFamily family, Precision precision, int threads)
    {
        ComputeThreads.Set(threads);
        using var model = Build(family, precision);
        var random = new Random(threads);
        foreach (var count in new[] { 1, 2, 7, 64 })
        {
            var texts = Enumerable.Range(0, count).Select(_ => RandomText(random, random.Next(2, Context + 2))).ToArray();
            using var decoder = new IncrementalDecoder(model, count * KeyValueBlocks.Of(Context));
            var slots = texts.Select(_ => decoder.NewSlot()).ToArray();
            var losses = texts.Select(static _ => new List<float>()).ToArray();
            while (Enumerable.Range(0, count).Where(i => slots[i].Length < texts[i].Length - 1).ToArray() is { Length: > 0 } unread)
            {
                // Some of them read on, by one token or by a part of the rest.
                var runs = unread.Where(_ => random.Next(3) > 0).OrderBy(_ => random.Next()).Select(i =>
                {
                    var left = texts[i].Length - 1 - slots[i].Length;
                    return (Text: i, From: slots[i].Length, Count: random.Next(2) == 0 ? 1 : random.Next(1, left + 1));
                }).ToArray();
                var found = decoder.TokenLosses(
                    [.. runs.Select(run => new TokenRun(slots[run.Text], texts[run.Text].AsMemory(run.From, run.Count)))],
                    [.. runs.SelectMany(run => texts[run.Text][(run.From + 1)..(run.From + run.Count + 1)].Select(static id => (long)id))]);
                var row = 0;
                foreach (var run in runs)
                    losses[run.Text].AddRange(found[row..(row += run.Count)]);
            }

            for (var i = 0; i < count; i++)
                losses[i].ToArray().ShouldBe(LossesOf(model, texts[i]), $"text {i} of {count}");
        }
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void A_fork_has_the_bits_of_its_own_text(ModelFamily family, Precision precision, int threads)
    {
        ComputeThreads.Set(threads);
        using var model = Build(family, precision);
        using var decoder = new IncrementalDecoder(model, 40);
        var random = new Random(7);
        foreach (var shared in new[] { 1, 31, 32, 33, 64, 70 })
        {
            var first = RandomText(random, Context);
            int[] second = [.. first[..shared], .. RandomText(random, Context - shared)];
            using var slot = decoder.NewSlot();
            decoder.Read([new(slot, first.AsMemory(0, shared))]);
            using var fork = slot.Fork();
            for (var from = shared; from < Context - 1; from++)
            {
                var found = decoder.TokenLosses(
                    [new(slot, first.AsMemory(from, 1)), new(fork, second.AsMemory(from, 1))], [first[from + 1], second[from + 1]]);
                found.ShouldBe([LossesOf(model, first)[from], LossesOf(model, second)[from]], $"{shared} shared, position {from}");
                if (from > shared + 3)
                    from += random.Next(1, 20) is var skipped && from + skipped < Context - 1 ? Skip(skipped) : 0;

                int Skip(int rows)
                {
                    decoder.Read([new(fork, second.AsMemory(from + 1, rows)), new(slot, first.AsMemory(from + 1, rows))]);
                    return rows;
                }
            }
        }

        decoder.FreeBlocks.ShouldBe(40);
    }

    [Theory]
    [InlineData(Precision.Float32)]
    [InlineData(Precision.BFloat16)]
    public void A_text_longer_than_a_pass_has_the_bits_of_the_whole(Precision precision)
    {
        using var model = Build(ModelFamily.Llama, precision, context: 1200);
        var texts = new[] { RandomText(new Random(1), 1100), RandomText(new Random(2), 30) };
        using var decoder = new IncrementalDecoder(model, 80);
        var runs = texts.Select(text => new TokenRun(decoder.NewSlot(), text.AsMemory(0, text.Length - 1))).ToArray();
        decoder.TokenLosses(runs, [.. texts.SelectMany(static text => text.Skip(1).Select(static id => (long)id))])
            .ShouldBe([.. texts.SelectMany(text => LossesOf(model, text))]);

        // The logits are those of the same rows.
        var logits = decoder.Feed([.. texts.Select(text => new TokenRun(decoder.NewSlot(), text.AsMemory(0, text.Length - 1)))]);
        var draws = texts.Select(_ => new Drawing(SamplingOptions.Greedy, 0, Vocabulary, [])).ToArray();
        var drawn = FusedSampler.Draw(logits, draws);
        for (var i = 0; i < texts.Length; i++)
            drawn[i].LogProbability.ShouldBe(-LossesOf(model, [.. texts[i][..^1], drawn[i].Id])[^1]);
    }

    [Fact]
    public void A_shared_block_is_copied_for_all_texts_that_grow_but_the_last()
    {
        using var model = Build(ModelFamily.Gpt2, Precision.Float32);
        using var decoder = new IncrementalDecoder(model, 3);
        var text = RandomText(new Random(3), 12);
        var prompt = decoder.NewSlot();
        decoder.Read([new(prompt, text.AsMemory(0, 10))]);
        KeyValueSlot[] forks = [prompt.Fork(), prompt.Fork(), prompt.Fork()];
        TokenRun[] runs = [.. forks.Select(fork => new TokenRun(fork, text.AsMemory(10, 1)))];
        Should.Throw<InvalidOperationException>(() => decoder.Read(runs)).Message.ShouldContain("3 more blocks");

        // Without the prompt, the last one keeps its block.
        prompt.Dispose();
        decoder.TokenLosses(runs, [text[11], text[11], text[11]]).Distinct().ShouldBe([LossesOf(model, text)[10]]);
        decoder.FreeBlocks.ShouldBe(0);
    }

    [Fact]
    public void A_call_that_is_refused_leaves_the_texts_as_they_were()
    {
        using var model = Build(ModelFamily.Gpt2, Precision.Float32);
        using var decoder = new IncrementalDecoder(model, 3);
        var (slot, other) = (decoder.NewSlot(), decoder.NewSlot());
        var text = RandomText(new Random(3), Context + 1);
        decoder.Read([new(slot, text.AsMemory(0, 40))]);

        Should.Throw<ArgumentOutOfRangeException>(() => decoder.Read([new(slot, text.AsMemory(40, 5)), new(other, new[] { 1, Vocabulary })]));
        Should.Throw<ArgumentOutOfRangeException>(() => decoder.Read([new(slot, text.AsMemory(40, 5)), new(other, new[] { -1 })]));
        Should.Throw<ArgumentOutOfRangeException>(() => decoder.Read([new(slot, text.AsMemory(40, 5)), new(other, Array.Empty<int>())]));
        Should.Throw<ArgumentException>(() => decoder.Read([new(slot, text.AsMemory(40, 5)), new(slot, text.AsMemory(45, 5))]));
        Should.Throw<ArgumentException>(() => decoder.Read([new(slot, text.AsMemory(40))])).Message.ShouldContain("context");
        Should.Throw<InvalidOperationException>(() => decoder.Read([new(slot, text.AsMemory(40, 5)), new(other, text.AsMemory(0, 33))]))
            .Message.ShouldContain("2 more blocks");
        Should.Throw<ArgumentException>(() => decoder.TokenLosses([new(other, text.AsMemory(0, 3))], [1, 2])).Message.ShouldContain("2");
        Should.Throw<ArgumentOutOfRangeException>(() => decoder.TokenLosses([new(other, text.AsMemory(0, 1))], [Vocabulary]));
        (slot.Length, other.Length, decoder.FreeBlocks).ShouldBe((40, 0, 1));
        decoder.TokenLosses([new(slot, text.AsMemory(40, 1))], [text[41]]).ShouldBe([LossesOf(model, text)[40]]);

        slot.Dispose();
        decoder.FreeBlocks.ShouldBe(3);
        Should.Throw<ObjectDisposedException>(() => decoder.Read([new(slot, text.AsMemory(0, 1))]));
        using var reference = Build(ModelFamily.Gpt2, Precision.Float32, isFused: false);
        Should.Throw<ArgumentException>(() => new IncrementalDecoder(reference, 1));
    }

    private static int[] RandomText(Random random, int length) => [.. Enumerable.Range(0, length).Select(_ => random.Next(Vocabulary))];

    // Of every token but the first, as training computes them.
    private static float[] LossesOf(Transformer model, int[] text)
    {
        using var inner = NewDisposeScope();
        var ids = tensor(Array.ConvertAll(text, static id => (long)id), 1, text.Length);
        return model.TokenLosses(ids.narrow(1, 0, text.Length - 1).contiguous(), ids.narrow(1, 1, text.Length - 1).contiguous())
            .data<float>().ToArray();
    }

    private static Transformer Build(ModelFamily family, Precision precision, int context = Context, bool isFused = true)
    {
        var options = ModelOptions.FromDepth(2, family) with
        {
            Width = 64,
            Heads = 4,
            KeyValueHeads = family == ModelFamily.Llama ? 2 : 4,
            ContextLength = context,
            VocabularySize = Vocabulary,
            RopeScaling = family == ModelFamily.Gpt2 ? default
                : RopeScalings.Of(precision == Precision.Float32 ? RopeScalingType.Yarn : RopeScalingType.Llama3),
        };
        var parameters = new FlatParameters(ModelLayout.Of(options));
        Initialization.Initialize(parameters, options, seed: 8);

        // Scaled up, so that logits differ and attention is not uniform.
        using Scalar factor = 4;
        parameters.Weights.mul_(factor);
        parameters.WeightsChanged();
        return new Transformer(options, parameters, precision, isFused);
    }
}
