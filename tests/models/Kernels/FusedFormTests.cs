using ActorTrain.Models.Runtime;
using ActorTrain.Models.Storage;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Models.Tests.Kernels;

/// <summary>The fused form of the model against the reference one, over shapes that kernels find awkward.</summary>
public sealed class FusedFormTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    public static TheoryData<ModelFamily, int, int, int, int, int, int, RopeScalingType> Shapes => new()
    {
        // family, width, heads, kv heads, context, vocabulary, batch, scaling of the rotary frequencies
        { ModelFamily.Gpt2, 32, 2, 2, 1, 50, 1, RopeScalingType.None },
        { ModelFamily.Gpt2, 48, 3, 3, 17, 71, 3, RopeScalingType.None },
        { ModelFamily.Gpt2, 128, 2, 2, 130, 512, 2, RopeScalingType.None },
        { ModelFamily.Gpt2, 80, 2, 2, 33, 5003, 2, RopeScalingType.None },
        { ModelFamily.Llama, 40, 4, 1, 9, 67, 2, RopeScalingType.None },
        { ModelFamily.Llama, 96, 6, 2, 65, 259, 2, RopeScalingType.None },
        { ModelFamily.Llama, 256, 4, 4, 100, 1000, 1, RopeScalingType.None },
        { ModelFamily.Llama, 40, 2, 1, 33, 67, 2, RopeScalingType.Linear },
        { ModelFamily.Llama, 96, 6, 2, 65, 259, 2, RopeScalingType.Llama3 },
        { ModelFamily.Llama, 64, 4, 2, 65, 71, 2, RopeScalingType.Yarn },
    };

    public void Dispose() => scope.Dispose();

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Loss_and_gradients_agree_in_float32(ModelFamily family, int width, int heads, int kvHeads, int context, int vocabulary,
        int batch, RopeScalingType scaling)
    {
        var options = Options(family, width, heads, kvHeads, context, vocabulary, scaling);
        var (loss, gradients) = Run(options, Precision.Float32, fused: true, batch);
        var (expectedLoss, expected) = Run(options, Precision.Float32, fused: false, batch);
        loss.ShouldBe(expectedLoss, 1e-5 * Math.Abs(expectedLoss));
        foreach (var (name, gradient) in gradients)
            Distance(gradient, expected[name], name).ShouldBeLessThan(2e-5, name);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Loss_and_gradients_agree_in_bfloat16_up_to_its_rounding(
        ModelFamily family, int width, int heads, int kvHeads, int context, int vocabulary, int batch, RopeScalingType scaling)
    {
        var options = Options(family, width, heads, kvHeads, context, vocabulary, scaling);
        var (exactLoss, exact) = Run(options, Precision.Float32, fused: false, batch);
        var (loss, gradients) = Run(options, Precision.BFloat16, fused: true, batch);
        loss.ShouldBe(exactLoss, 2e-3 * Math.Abs(exactLoss));
        foreach (var (name, gradient) in gradients)
            Distance(gradient, exact[name], name).ShouldBeLessThan(0.04, name);
    }

    [Fact]
    public void Targets_of_minus_one_are_left_out_of_the_loss()
    {
        var options = Options(ModelFamily.Gpt2, 32, 2, 2, 8, 50);
        foreach (var fused in new[] { true, false })
        {
            using var model = Build(options, Precision.Float32, fused);
            var (tokens, targets) = Batch(options, 2);
            var first = model.Loss(tokens.narrow(0, 0, 1).contiguous(), targets.narrow(0, 0, 1).contiguous(), 1f).item<float>();
            targets.select(0, 1).fill_(-1);
            model.Loss(tokens, targets, 1f).item<float>().ShouldBe(first, 1e-4 * first);
        }
    }

    [Fact]
    public void A_short_batch_after_a_long_one_leaves_no_gradient_on_the_positions_behind_it()
    {
        var options = Options(ModelFamily.Gpt2, 32, 2, 2, 8, 50);
        using var model = Build(options, Precision.Float32, fused: true);
        var (tokens, targets) = Batch(options, 2);
        model.Parameters.ClearGradients(byOverwriting: true);
        model.Loss(tokens, targets, 1f).backward();
        model.Parameters.ClearGradients(byOverwriting: true);
        model.Loss(tokens.narrow(1, 0, 5).contiguous(), targets.narrow(1, 0, 5).contiguous(), 1f).backward();
        var gradient = model.Parameters["positions.weight"].Gradient;
        gradient.narrow(0, 5, 3).abs().max().item<float>().ShouldBe(0);
        gradient.narrow(0, 0, 5).abs().max().item<float>().ShouldBeGreaterThan(0);
    }

    [Fact]
    public void A_sequence_longer_than_the_context_is_refused()
    {
        foreach (var fused in new[] { true, false })
        {
            using var model = Build(Options(ModelFamily.Llama, 32, 2, 2, 8, 50), Precision.Float32, fused);
            var ids = zeros(1, 9, dtype: int64);
            Should.Throw<ArgumentException>(() => model.Loss(ids, ids, 1f))
                .Message.ShouldContain("9 tokens exceed the model's context of 8");
        }
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(50)]
    public void A_token_outside_the_vocabulary_is_refused(long id)
    {
        var options = Options(ModelFamily.Gpt2, 32, 2, 2, 8, 50);
        using var model = Build(options, Precision.Float32, fused: true);
        var (tokens, targets) = Batch(options, 1);
        tokens.select(1, 3).fill_(id);
        Should.Throw<ArgumentOutOfRangeException>(() => model.Loss(tokens, targets, 1f))
            .Message.ShouldContain($"{id} is outside the vocabulary of 50");
    }

    [Fact]
    public void A_weight_that_is_not_a_number_shows_in_the_loss()
    {
        foreach (var fused in new[] { true, false })
        {
            var options = Options(ModelFamily.Gpt2, 32, 2, 2, 8, 50);
            using var model = Build(options, Precision.BFloat16, fused);
            using (no_grad())
                model.Parameters["blocks.1.attention.qkv.weight"].Parameter.fill_(float.NaN);
            model.Parameters.WeightsChanged();
            var (tokens, targets) = Batch(options, 1);
            float.IsNaN(model.Loss(tokens, targets, 1f).item<float>()).ShouldBeTrue();
        }
    }

    [Fact]
    public void Packed_weights_follow_the_weights_when_they_change()
    {
        var options = Options(ModelFamily.Gpt2, 32, 2, 2, 8, 50);
        using var model = Build(options, Precision.Float32, fused: true);
        var (tokens, targets) = Batch(options, 1);
        var before = model.Loss(tokens, targets, 1f).item<float>();
        using (no_grad())
            model.Parameters.Weights.mul_(1.5);
        model.Parameters.WeightsChanged();
        var after = model.Loss(tokens, targets, 1f).item<float>();
        after.ShouldNotBe(before);
        using (no_grad())
            after.ShouldBe(functional(model, tokens, targets), 1e-4 * after);

        static float functional(Transformer model, Tensor tokens, Tensor targets) =>
            nn.functional.cross_entropy(model.forward(tokens).view(-1, 50), targets.view(-1), reduction: nn.Reduction.Sum).item<float>();
    }

    [Theory]
    [InlineData(ModelFamily.Gpt2)]
    [InlineData(ModelFamily.Llama)]
    public void Gradients_pass_finite_differences(ModelFamily family)
    {
        var options = Options(family, 32, 4, family == ModelFamily.Gpt2 ? 4 : 2, 8, 40);
        using var model = Build(options, Precision.Float32, fused: true);
        var (tokens, targets) = Batch(options, 2);
        model.Parameters.ClearGradients(byOverwriting: true);
        model.Loss(tokens, targets, 1f).backward();

        foreach (var entry in model.Parameters.Layout.Entries)
        {
            // Along the gradient itself the slope is its norm: one direction tests every element, far above rounding.
            var gradient = model.Parameters[entry.Name].Gradient.clone();
            var norm = gradient.norm().item<float>();
            var direction = gradient / norm;
            const float h = 2e-2f;
            var slope = (At(h) - At(-h)) / (2 * h);
            slope.ShouldBe(norm, 0.02 * norm + 1e-3, entry.Name);

            double At(float distance)
            {
                using var _ = no_grad();
                var parameter = model.Parameters[entry.Name].Parameter;
                using var kept = parameter.detach().clone();
                parameter.add_(direction * distance);
                model.Parameters.WeightsChanged();
                var loss = model.Loss(tokens, targets, 1f).item<float>();
                parameter.copy_(kept);
                model.Parameters.WeightsChanged();
                return loss;
            }
        }
    }

    [Theory]
    [InlineData(ModelFamily.Gpt2)]
    [InlineData(ModelFamily.Llama)]
    public void What_the_backward_computes_again_is_not_kept(ModelFamily family)
    {
        var options = Options(family, 32, 4, family == ModelFamily.Llama ? 2 : 4, 8, 50);
        var kept = Enum.GetValues<Recompute>().Select(recompute =>
        {
            using var pass = NewDisposeScope();
            using var model = Build(options, Precision.Float32, fused: true, recompute);
            var (tokens, targets) = Batch(options, 2);
            var before = pass.DisposablesCount;
            model.Loss(tokens, targets, 1);
            return pass.DisposablesCount - before;
        }).ToList();
        kept[1].ShouldBeLessThan(kept[0]);
        kept[2].ShouldBeLessThan(kept[1]);
    }

    private static ModelOptions Options(
        ModelFamily family, int width, int heads, int kvHeads, int context, int vocabulary, RopeScalingType scaling = default) => new()
        {
            Family = family,
            Layers = 2,
            Width = width,
            Heads = heads,
            KeyValueHeads = kvHeads,
            MlpWidth = 2 * width + 8,
            ContextLength = context,
            VocabularySize = vocabulary,
            TieEmbeddings = family == ModelFamily.Gpt2,
            RopeScaling = RopeScalings.Of(scaling),
        };

    private static Transformer Build(ModelOptions options, Precision precision, bool fused, Recompute recompute = Recompute.None)
    {
        var parameters = new FlatParameters(ModelLayout.Of(options));
        Initialization.Initialize(parameters, options, seed: 5);
        using (no_grad())
            parameters.Weights.mul_(2);
        parameters.WeightsChanged();
        return new Transformer(options, parameters, precision, fused, recompute: recompute);
    }

    private static (Tensor Tokens, Tensor Targets) Batch(ModelOptions options, int batch)
    {
        var random = new Random(11);
        Tensor Ids() => tensor(
            Enumerable.Range(0, batch * options.ContextLength).Select(_ => (long)random.Next(options.VocabularySize)).ToArray(), batch,
                options.ContextLength);
        return (Ids(), Ids());
    }

    private static (double Loss, Dictionary<string, Tensor> Gradients) Run(ModelOptions options, Precision precision, bool fused, int batch)
    {
        using var model = Build(options, precision, fused);
        var (tokens, targets) = Batch(options, batch);
        var scale = 1f / tokens.numel();
        model.Parameters.ClearGradients(byOverwriting: fused);

        // Twice, so that adding to a gradient is tested beside overwriting it.
        model.Loss(tokens, targets, scale).backward();
        var loss = model.Loss(tokens, targets, scale);
        loss.backward();
        return (loss.item<float>(), model.Parameters.Layout.Entries.ToDictionary(
            static entry => entry.Name, entry => model.Parameters[entry.Name].Gradient.clone()));
    }

    private static double Distance(Tensor actual, Tensor expected, string name)
    {
        // The key biases' gradient is zero in exact arithmetic: a softmax does not see a shift that all keys share.
        if (name.EndsWith("qkv.bias", StringComparison.Ordinal))
        {
            var third = actual.shape[0] / 3;
            actual = cat([actual.narrow(0, 0, third), actual.narrow(0, 2 * third, third)]);
            expected = cat([expected.narrow(0, 0, third), expected.narrow(0, 2 * third, third)]);
        }

        return ((actual - expected).norm() / (expected.norm() + 1e-9)).item<float>();
    }
}
