using ActorTrain.Models.Evaluation;
using ActorTrain.Models.Generation;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Layers;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Steps;
using ActorTrain.Models.Storage;
using ActorTrain.Tests.Replicas;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Models.Tests;

public sealed class GenerationTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Theory]
    [InlineData(ModelFamily.Gpt2)]
    [InlineData(ModelFamily.Llama)]
    public void The_cache_gives_the_logits_of_the_whole_text_at_every_position(ModelFamily family)
    {
        using var model = Build(family);
        using var _ = no_grad();
        var ids = tensor(new long[] { 5, 3, 19, 4, 4, 11, 0, 7 }, 1, 8);
        var whole = model.forward(ids);
        using var cache = new KeyValueCache(model.Options);
        model.Logits(ids.narrow(1, 0, 3), cache);
        for (var position = 3; position < 8; position++)
        {
            var last = model.Logits(ids.narrow(1, position, 1), cache).select(1, 0);
            (last - whole.select(1, position)).abs().max().item<float>().ShouldBeLessThan(1e-5f);
        }

        Should.Throw<ArgumentException>(() => model.Logits(ids.narrow(1, 0, 2), cache));
    }

    [Theory]
    [InlineData(3, 40, true)]
    [InlineData(12, 20, true)]
    [InlineData(50, 20, true)]
    [InlineData(3, 40, false)]
    [InlineData(12, 20, false)]
    [InlineData(50, 20, false)]
    public void Text_and_prompts_longer_than_the_context_go_on(int prompt, int count, bool isFused)
    {
        using var model = Build(ModelFamily.Gpt2, isFused);
        int[] Write() => [.. TextGenerator.Generate(model, [.. Enumerable.Range(0, prompt).Select(static i => i % 23)], count,
            new SamplingOptions { Seed = 4 })];
        var text = Write();
        text.Length.ShouldBe(count);
        text.ShouldAllBe(static id => id >= 0 && id < 23);
        Write().ShouldBe(text);
    }

    [Theory]
    [InlineData(ModelFamily.Gpt2, true)]
    [InlineData(ModelFamily.Gpt2, false)]
    [InlineData(ModelFamily.Llama, true)]
    public void A_text_does_not_depend_on_how_many_there_are(ModelFamily family, bool isFused)
    {
        using var model = Build(family, isFused);
        var options = new SamplingOptions { Temperature = 2, TopP = 0.9, MinP = 0.01, RepetitionPenalty = 1.1, Seed = 3 };
        var (few, many) = (Texts(model, options, 2), Texts(model, options, isFused ? TextGenerator.MostAtOnce + 9 : 4));
        few.ShouldBe(many[..2]);
        many.Distinct().Count().ShouldBeGreaterThan(many.Length / 2);
        many.Select(static text => text.Ids.Count).ShouldContain(length => length < 30);

        // Once more, without those that are ended early.
        var generator = new TextGenerator(model, [1, 2, 3], options) { Texts = many.Length, Tokens = 30, EndToken = 4 };
        var counts = new int[many.Length];
        foreach (var token in generator.Generate())
        {
            token.Id.ShouldBe(many[token.Text].Ids[counts[token.Text]++]);
            if (token.Text % 2 == 0 && counts[token.Text] == 3)
                generator.End(token.Text);
        }

        for (var i = 0; i < counts.Length; i++)
            counts[i].ShouldBe(i % 2 == 0 ? Math.Min(3, many[i].Ids.Count) : many[i].Ids.Count);
    }

    [Theory]
    [InlineData(ModelFamily.Gpt2)]
    [InlineData(ModelFamily.Llama)]
    public void Both_forms_write_the_same_texts_up_to_rounding(ModelFamily family)
    {
        using var fused = Build(family);
        using var reference = Build(family, isFused: false);
        var options = new SamplingOptions { TopK = 10, MinP = 0.001, RepetitionPenalty = 1.2, Seed = 5 };
        foreach (var (ours, theirs) in Texts(fused, options, 3).Zip(Texts(reference, options, 3)))
        {
            ours.Ids.ShouldBe(theirs.Ids);
            foreach (var (a, b) in ours.LogProbabilities.Zip(theirs.LogProbabilities))
                a.ShouldBe(b, 1e-4f);
        }
    }

    [Theory]
    [InlineData(Precision.Float32)]
    [InlineData(Precision.BFloat16)]
    public void Log_probabilities_are_minus_the_losses_of_training_to_the_bit(Precision precision)
    {
        using var model = Build(ModelFamily.Llama, precision: precision);
        var generator =
            new TextGenerator(model, [1, 2, 3], new SamplingOptions { TopP = 0.8, RepetitionPenalty = 1.3 }) { Texts = 5, Tokens = 9 };
        foreach (var text in generator.Generate().GroupBy(static token => token.Text))
        {
            var ids = tensor([1L, 2, 3, .. text.Select(static token => (long)token.Id)], 1, 12);
            var losses = model.TokenLosses(ids.narrow(1, 0, 11).contiguous(), ids.narrow(1, 1, 11).contiguous()).data<float>().ToArray();
            text.Select(static token => -token.LogProbability).ShouldBe(losses[2..]);
        }
    }

    [Fact]
    public void Generation_ends_with_the_end_token()
    {
        using var model = Build(ModelFamily.Gpt2);
        var greedy = TextGenerator.Generate(model, [1, 2], 10, SamplingOptions.Greedy).ToArray();
        TextGenerator.Generate(model, [1, 2], 10, SamplingOptions.Greedy, endToken: greedy[0]).ShouldBe([greedy[0]]);
    }

    [Fact]
    public void Held_out_loss_is_the_mean_over_tokens_of_batches_of_any_size()
    {
        using var model = Build(ModelFamily.Llama);
        var random = new Random(2);
        TokenBatch Batch(int sequences) => new([.. Enumerable.Range(0, sequences * 13).Select(_ => (long)random.Next(23))], sequences, 12);
        var (a, b) = (Batch(1), Batch(3));
        int[] two = [.. Enumerable.Repeat(2, 23)];
        var together = ValidationLoss.Measure(model, [a, b], two);
        var (first, second) = (ValidationLoss.Measure(model, [a], two), ValidationLoss.Measure(model, [b], two));
        together.Tokens.ShouldBe(48);
        together.Loss.ShouldBe((first.Loss + 3 * second.Loss) / 4, 1e-6);
        together.Perplexity.ShouldBe(Math.Exp(together.Loss), 1e-9);
        together.BitsPerByte.ShouldBe(together.Loss / Math.Log(2) / 2, 1e-9);

        // An untrained model knows next to nothing.
        together.Loss.ShouldBe(Math.Log(23), 0.1);
        Should.Throw<ArgumentException>(() => ValidationLoss.Measure(model, [], two));
    }

    [Theory]
    [InlineData(ModelFamily.Gpt2)]
    [InlineData(ModelFamily.Llama)]
    public void Bits_per_byte_are_those_of_the_tokens_that_are_text_over_their_bytes(ModelFamily family)
    {
        using var model = Build(family);
        var random = new Random(3);

        // Token 0 is no text, and token i is i bytes long.
        int[] byteCounts = [.. Enumerable.Range(0, 23)];
        var batch = new TokenBatch([.. Enumerable.Range(0, 2 * 13).Select(i => i % 4 == 1 ? 0 : (long)random.Next(1, 23))], 2, 12);
        var result = ValidationLoss.Measure(model, [batch], byteCounts);

        double all = 0, text = 0;
        long bytes = 0;
        using (no_grad())
        using (NewDisposeScope())
        {
            var (inputs, targets) = batch.ToTensors();
            var logits = model.forward(inputs).log_softmax(-1);
            for (var sequence = 0; sequence < 2; sequence++)
            {
                for (var t = 0; t < 12; t++)
                {
                    var target = targets[sequence, t].item<long>();
                    var nats = -logits[sequence, t, target].item<float>();
                    all += nats;
                    text += target == 0 ? 0 : nats;
                    bytes += target;
                }
            }
        }

        result.Tokens.ShouldBe(24);
        result.Loss.ShouldBe(all / 24, 1e-5);
        result.BitsPerByte.ShouldBe(text / Math.Log(2) / bytes, 1e-5);
        ValidationLoss.Measure(model, [new TokenBatch([3, 0], 1, 1)], byteCounts).BitsPerByte.ShouldBe(double.NaN);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(22)]
    public void Ids_without_a_piece_are_never_chosen(int pieces)
    {
        using var model = Build(ModelFamily.Llama);
        var others = TextGenerator.Generate(model, [1, 2], 60, new SamplingOptions { Temperature = 5, Seed = 8 }).Where(id => id >= pieces)
            .ToArray();
        others.ShouldNotBeEmpty();
        foreach (var options in new[] { SamplingOptions.Greedy, new SamplingOptions { Temperature = 5, Seed = 8 },
            new SamplingOptions { Temperature = 5, TopK = 20 }, new SamplingOptions { TopP = 0.9 } })
            TextGenerator.Generate(model, [1, 2], 60, options, pieces: pieces).ShouldAllBe(id => id < pieces);
    }

    [Fact]
    public void A_model_learns_a_sequence_by_heart()
    {
        var options = new ReplicaOptions
        {
            Model = Shape(ModelFamily.Gpt2),
            Precision = Precision.BFloat16,
            Lanes = 1,
            Schedule = new LearningRateSchedule(1e-2, 5, 60),
            Seed = 1,
        };
        using var replica = new Replica(options);
        long[] text = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9];
        for (var step = 0; step < 60; step++)
            replica.Commit(step, replica.Gradient(new LaneBlock(0, 1), _ => [new TokenBatch(text, 1, 12)], 12));

        TextGenerator.Generate(replica.Model, [3, 1, 4], 9, SamplingOptions.Greedy).ShouldBe([1, 5, 9, 2, 6, 5, 3, 5, 8]);
    }

    private static ModelOptions Shape(ModelFamily family) =>
        ModelOptions.FromDepth(2, family) with
        {
            Width = 32,
            Heads = 4,
            KeyValueHeads = family == ModelFamily.Llama ? 2 : 4,
            ContextLength = 12,
            VocabularySize = 23
        };

    private sealed record Written(EquatableArray<int> Ids, EquatableArray<float> LogProbabilities);

    private static Written[] Texts(Transformer model, SamplingOptions options, int count) =>
        [.. new TextGenerator(model, [1, 2, 3], options) { Texts = count, Tokens = 30, EndToken = 4 }.Generate()
            .GroupBy(static token => token.Text).OrderBy(static text => text.Key).Select(static text => new Written(
                [.. text.Select(static token => token.Id)], [.. text.Select(static token => token.LogProbability)]))];

    private static Transformer Build(ModelFamily family, bool? isFused = null, Precision precision = Precision.Float32)
    {
        var options = Shape(family);
        var parameters = new FlatParameters(ModelLayout.Of(options));
        Initialization.Initialize(parameters, options, seed: 8);
        return new Transformer(options, parameters, precision, isFused);
    }
}
