using ActorTrain.Models.Generation;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Models.Tests.Golden;

/// <summary>Both families, in both forms, against an independent implementation: float32, 1e-5 relative to a tensor's largest
/// element.</summary>
public sealed class GoldenTests : IDisposable
{
    private const double Tolerance = 1e-5;
    private readonly DisposeScope scope = NewDisposeScope();

    public static TheoryData<ModelFamily, bool> Forms => new()
    {
        { ModelFamily.Gpt2, false }, { ModelFamily.Gpt2, true }, { ModelFamily.Llama, false }, { ModelFamily.Llama, true },
    };

    public void Dispose() => scope.Dispose();

    [Fact]
    public void The_fused_kernels_are_there_so_that_both_forms_are_tested() => FusedKernels.IsAvailable.ShouldBeTrue(FusedKernels.Missing);

    [Theory]
    [InlineData(ModelFamily.Gpt2)]
    [InlineData(ModelFamily.Llama)]
    public void Parameter_names_and_shapes_are_the_canonical_ones(ModelFamily family)
    {
        using var golden = Open(family);
        using var model = Model(golden, family, fused: false);
        model.Parameters.Layout.Entries.Select(static entry => "parameters." + entry.Name)
            .ShouldBe(golden.Names("parameters."), ignoreOrder: true);
        model.named_parameters().Select(static pair => "parameters." + pair.name)
            .ShouldBe(golden.Names("parameters."), ignoreOrder: true);
    }

    [Theory]
    [InlineData(ModelFamily.Gpt2)]
    [InlineData(ModelFamily.Llama)]
    public void Logits_agree(ModelFamily family)
    {
        using var golden = Open(family);
        using var model = Model(golden, family, fused: false);
        using (no_grad())
            GoldenFile.Distance(model.forward(golden["tokens"]), golden["logits"]).ShouldBeLessThan(Tolerance);
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void Loss_and_every_gradient_agree(ModelFamily family, bool fused)
    {
        using var golden = Open(family);
        using var model = Model(golden, family, fused);
        var (tokens, targets) = (golden["tokens"], golden["targets"]);
        model.Parameters.ClearGradients(byOverwriting: fused);
        var loss = model.Loss(tokens, targets, 1f / tokens.numel());
        loss.backward();

        GoldenFile.Distance(loss, golden["loss"]).ShouldBeLessThan(Tolerance);
        foreach (var entry in model.Parameters.Layout.Entries)
            GoldenFile.Distance(model.Parameters[entry.Name].Gradient, golden["gradients." + entry.Name])
                .ShouldBeLessThan(Tolerance, entry.Name);
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void Ten_steps_of_AdamW_agree(ModelFamily family, bool fused)
    {
        using var start = Open(family);
        using var golden = new GoldenFile(Name(family) + "-steps");
        using var model = Model(start, family, fused);
        using var moments = new Moments(model.Parameters);
        var optimizer = new AdamW(model.Parameters, moments, new AdamWOptions());
        var (tokens, targets, rates) = (golden["tokens"], golden["targets"], golden["learning_rates"]);
        for (var step = 0; step < 10; step++)
        {
            model.Parameters.ClearGradients(byOverwriting: fused);
            var loss = model.Loss(tokens[step], targets[step], 1f / tokens[step].numel());
            loss.backward();
            var norm = GradientNorm.Of(model.Parameters.Gradients);
            var expectedLoss = golden["losses"][step].item<float>();
            var expectedNorm = golden["gradient_norms"][step].item<float>();
            loss.item<float>().ShouldBe(expectedLoss, Tolerance * expectedLoss);
            norm.ShouldBe(expectedNorm, Tolerance * expectedNorm);
            optimizer.Apply(new Update(model.Parameters.Gradients, step + 1,
                rates[step].item<float>())
            { ClipFactor = GradientNorm.ClipFactor(norm, 1) });
        }

        foreach (var entry in model.Parameters.Layout.Entries)
        {
            var (actual, expected) = (model.Parameters[entry.Name].Parameter.detach(), golden["parameters." + entry.Name]);

            // The gradient of the key biases is zero in exact arithmetic; AdamW divides rounding noise by its own size there.
            if (entry.Name.EndsWith("qkv.bias", StringComparison.Ordinal))
                (actual, expected) = (WithoutKeys(actual), WithoutKeys(expected));
            GoldenFile.Distance(actual, expected).ShouldBeLessThan(Tolerance, entry.Name);
        }
    }

    [Theory]
    [InlineData(ModelFamily.Gpt2)]
    [InlineData(ModelFamily.Llama)]
    public void Greedy_generation_with_the_cache_writes_the_same_tokens(ModelFamily family)
    {
        using var golden = Open(family);
        using var model = Model(golden, family, fused: false);
        int[] Ids(string name) => [.. golden[name].data<long>().ToArray().Select(static id => (int)id)];
        TextGenerator.Generate(model, Ids("generation.prompt"), 8, SamplingOptions.Greedy).ShouldBe(Ids("generation.tokens"));
    }

    private static string Name(ModelFamily family) => family == ModelFamily.Gpt2 ? "gpt2" : "llama";

    private static GoldenFile Open(ModelFamily family) => new(Name(family));

    private static Transformer Model(GoldenFile golden, ModelFamily family, bool fused) =>
        new(GoldenFile.Options(family), golden.Parameters(family), Precision.Float32, fused);

    private static Tensor WithoutKeys(Tensor bias)
    {
        var third = bias.shape[0] / 3;
        return cat([bias.narrow(0, 0, third), bias.narrow(0, 2 * third, third)]);
    }
}
