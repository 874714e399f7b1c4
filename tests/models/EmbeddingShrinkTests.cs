using ActorTrain.Models.Storage;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Models.Tests;

public sealed class EmbeddingShrinkTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    public static TheoryData<ModelFamily, bool, bool> Forms()
    {
        var data = new TheoryData<ModelFamily, bool, bool>();
        foreach (var family in new[] { ModelFamily.Gpt2, ModelFamily.Llama })
        {
            foreach (var (tied, fused) in new[] { (true, true), (true, false), (false, true), (false, false) })
                data.Add(family, tied, fused);
        }

        return data;
    }

    public void Dispose() => scope.Dispose();

    [Theory]
    [MemberData(nameof(Forms))]
    public void Only_the_gradient_that_reaches_the_tokens_as_input_is_scaled_and_the_loss_is_as_it_was(ModelFamily family, bool tied,
        bool fused)
    {
        var (loss, whole) = Run(family, tied, fused, 1);
        var (_, none) = Run(family, tied, fused, 0);
        var (sameLoss, shrunken) = Run(family, tied, fused, 0.1);
        sameLoss.ShouldBe(loss);
        foreach (var (name, gradient) in shrunken)
        {
            // What is left at 0 comes from the head, if it is tied.
            var expected = name == "tokens.weight" ? none[name] + (whole[name] - none[name]) * 0.1 : whole[name];
            var scale = whole[name].abs().max().item<float>();
            (gradient - expected).abs().max().item<float>().ShouldBeLessThan(2e-6f * scale, name);
        }

        (none["tokens.weight"].abs().max().item<float>() > 0).ShouldBe(tied);
        (whole["tokens.weight"] - none["tokens.weight"]).abs().max().item<float>().ShouldBeGreaterThan(0);
    }

    private static (float Loss, Dictionary<string, Tensor> Gradients) Run(ModelFamily family, bool tied, bool fused, double shrink)
    {
        var options = ModelOptions.FromDepth(1,
            family) with
        { ContextLength = 8, VocabularySize = 31, Heads = 2, KeyValueHeads = 2, TieEmbeddings = tied };
        var parameters = new FlatParameters(ModelLayout.Of(options));
        Initialization.Initialize(parameters, options, 1);
        using var model = new Transformer(options, parameters, Precision.Float32, fused, shrink);
        parameters.ClearGradients(byOverwriting: fused);
        var tokens = (arange(0, 16, dtype: int64) * 5 % 31).view(2, 8);
        var loss = model.Loss(tokens, (tokens + 3) % 31, 1f / 16);
        loss.backward();
        return (loss.item<float>(),
            parameters.Layout.Entries.ToDictionary(static entry => entry.Name, entry => parameters[entry.Name].Gradient.clone()));
    }
}
