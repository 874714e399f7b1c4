using System.Runtime.InteropServices;
using ActorTrain.Models.Batches;
using ActorTrain.Models.Layers;
using ActorTrain.Models.Storage;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Models.Tests.Kernels;

/// <summary>Texts of different lengths, side by side in one pass.</summary>
public sealed class PackedTextsTests : IDisposable
{
    private const int Context = 40, Vocabulary = 97;
    private readonly DisposeScope scope = NewDisposeScope();

    public static TheoryData<ModelFamily, Precision, bool> Forms => new()
    {
        { ModelFamily.Gpt2, Precision.Float32, true },
        { ModelFamily.Gpt2, Precision.Float32, false },
        { ModelFamily.Gpt2, Precision.BFloat16, true },
        { ModelFamily.Llama, Precision.Float32, true },
        { ModelFamily.Llama, Precision.BFloat16, true },
        { ModelFamily.Llama, Precision.BFloat16, false },
    };

    public void Dispose() => scope.Dispose();

    // Packed samples that saw each other had a loss of 37.55 instead of 44.14 elsewhere (functionary#265, LlamaFactory#2289, TRL#1230).
    [Theory]
    [MemberData(nameof(Forms))]
    public void A_packed_text_has_the_losses_that_it_has_alone_bit_for_bit(ModelFamily family, Precision precision, bool fused)
    {
        using var model = Build(family, precision, fused);
        for (var seed = 0; seed < 12; seed++)
        {
            var texts = Texts(seed);
            var packed = Losses(model, Packed(texts));
            var at = 0;
            foreach (var text in texts)
            {
                var alone = Losses(model, Packed([text]));
                packed[at..(at + alone.Length)].ShouldBe(alone, $"seed {seed}, row {at}");
                at += alone.Length;
            }

            packed.Select(static loss => loss == 0)
                .ShouldBe(texts.SelectMany(static text => text.Targets).Select(static target => target == TokenBatch.NoTarget));
        }
    }

    [Theory]
    [InlineData(ModelFamily.Gpt2, Precision.Float32)]
    [InlineData(ModelFamily.Gpt2, Precision.BFloat16)]
    [InlineData(ModelFamily.Llama, Precision.Float32)]
    [InlineData(ModelFamily.Llama, Precision.BFloat16)]
    public void Equally_long_texts_have_the_same_bits_however_their_rows_are_described(ModelFamily family, Precision precision)
    {
        using var model = Build(family, precision, fused: true);
        var random = new Random(3);
        var equal = new TokenBatch([.. Enumerable.Range(0, 3 * 18).Select(_ => (long)random.Next(Vocabulary))], 3, 17);
        var packed = new TokenBatch(equal.Inputs, equal.Targets, [17L, 34, 51]);
        Losses(model, packed).ShouldBe(Losses(model, equal));
        Gradient(model, packed).ShouldBe(Gradient(model, equal));
    }

    [Theory]
    [InlineData(ModelFamily.Gpt2)]
    [InlineData(ModelFamily.Llama)]
    public void The_gradient_of_packed_texts_is_the_sum_of_theirs_and_that_of_the_reference(ModelFamily family)
    {
        using var model = Build(family, Precision.Float32, fused: true);
        using var reference = Build(family, Precision.Float32, fused: false);
        for (var seed = 0; seed < 5; seed++)
        {
            var texts = Texts(seed);
            var packed = Gradient(model, Packed(texts));
            ModelGradient.Distance(packed, Gradient(reference, Packed(texts))).ShouldBeLessThan(2e-5);
            var sum = new float[packed.Length];
            foreach (var text in texts)
            {
                var alone = Gradient(model, Packed([text]));
                for (var i = 0; i < sum.Length; i++)
                    sum[i] += alone[i];
            }

            ModelGradient.Distance(packed, sum).ShouldBeLessThan(2e-5);
        }
    }

    [Fact]
    public void A_packed_text_longer_than_the_context_is_refused()
    {
        using var model = Build(ModelFamily.Gpt2, Precision.Float32, fused: true);
        var batch = new TokenBatch(new long[Context + 4], new long[Context + 4], [3L, Context + 4]);
        Should.Throw<ArgumentException>(() => Losses(model, batch)).Message.ShouldContain($"{Context + 1} tokens");
    }

    [Theory]
    [InlineData(5L, 5L)]
    [InlineData(6L, 4L)]
    [InlineData(0L, 5L)]
    public void A_text_without_rows_is_refused(long first, long second) =>
        Should.Throw<ArgumentException>(() => new TextRows([first, second]));

    private static List<(long[] Inputs, long[] Targets)> Texts(int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, random.Next(1, 9)).Select(_ =>
        {
            var length = random.Next(1, Context + 1);
            return (Ids(length, 1), Ids(length, random.NextDouble()));
        })];

        long[] Ids(int length, double share) =>
            [.. Enumerable.Range(0, length).Select(_ => random.NextDouble() < share ? random.Next(Vocabulary) : TokenBatch.NoTarget)];
    }

    private static TokenBatch Packed(List<(long[] Inputs, long[] Targets)> texts)
    {
        var end = 0L;
        return new TokenBatch([.. texts.SelectMany(static text => text.Inputs)], [.. texts.SelectMany(static text => text.Targets)],
            [.. texts.Select(text => end += text.Inputs.Length)]);
    }

    private static float[] Losses(Transformer model, TokenBatch batch)
    {
        using var pass = NewDisposeScope();
        var (inputs, targets) = batch.ToTensors();
        return MemoryMarshal.Cast<byte, float>(model.TokenLosses(inputs, targets, batch.TextRows()).bytes).ToArray();
    }

    private static float[] Gradient(Transformer model, TokenBatch batch)
    {
        using var pass = NewDisposeScope();
        model.Parameters.Gradients.fill_(7);
        var (inputs, targets) = batch.ToTensors();
        return ModelGradient.Of(model, () => model.Loss(inputs, targets, 0.125f, batch.TextRows()).backward());
    }

    private static Transformer Build(ModelFamily family, Precision precision, bool fused)
    {
        var options = new ModelOptions
        {
            Family = family,
            Layers = 2,
            Width = 32,
            Heads = 4,
            KeyValueHeads = family == ModelFamily.Llama ? 2 : 4,
            MlpWidth = 72,
            ContextLength = Context,
            VocabularySize = Vocabulary,
            TieEmbeddings = family == ModelFamily.Gpt2,
        };
        var parameters = new FlatParameters(ModelLayout.Of(options));
        Initialization.Initialize(parameters, options, seed: 5);
        using (no_grad())
            parameters.Weights.mul_(2);
        parameters.WeightsChanged();
        return new Transformer(options, parameters, precision, fused);
    }
}
