using ActorTrain.Models;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ActorTrain.Bench.Peers;

/// <summary>GPT-2 in TorchSharp's own operations, as an experienced user of the library would write it; only the names of weights are
/// ours.</summary>
/// <param name="weights">Parameters by their names in <see cref="Models.Storage.ModelLayout"/>, all of one element type; not owned.</param>
/// <remarks>Letters in names are shapes: B batch, T time, N = B·T, D width, H heads, d head width, F MLP width, V vocabulary. Activations
/// are <c>[N, D]</c>, so that a linear layer is one <c>addmm</c>. Every sublayer has a dispose scope, so that only what autograd keeps
/// outlives it.</remarks>
internal sealed class TorchSharpGpt(ModelOptions options, IReadOnlyDictionary<string, Parameter> weights) : IDisposable
{
    private readonly Embedding tokens = Embedded(weights["tokens.weight"]);

    /// <summary>Mean cross-entropy, in nats.</summary>
    /// <param name="tokens_BT">Token ids, int64, of the context's length.</param>
    /// <param name="targets_N">The token after each.</param>
    public Tensor Loss(Tensor tokens_BT, Tensor targets_N)
    {
        var x_ND = Embed(tokens_BT);
        for (var i = 0; i < options.Layers; i++)
        {
            x_ND = Attention(x_ND, $"blocks.{i}.attention", tokens_BT.shape[0]);
            x_ND = Mlp(x_ND, $"blocks.{i}.mlp");
        }

        return Head(x_ND, targets_N);
    }

    public void Dispose() => tokens.Dispose();

    private Tensor Embed(Tensor tokens_BT)
    {
        using var scope = NewDisposeScope();
        return (tokens.forward(tokens_BT) + weights["positions.weight"]).view(-1, options.Width).MoveToOuterDisposeScope();
    }

    private Tensor Attention(Tensor x_ND, string name, long batch)
    {
        using var _ = x_ND;
        using var scope = NewDisposeScope();
        var qkv = Linear(Norm(x_ND, $"{name}.norm"), $"{name}.qkv").view(batch, options.ContextLength, 3, options.Heads, options.HeadWidth)
            .unbind(2);
        var (q_BHTd, k_BHTd, v_BHTd) = (qkv[0].transpose(1, 2), qkv[1].transpose(1, 2), qkv[2].transpose(1, 2));
        var y_BHTd = functional.scaled_dot_product_attention(q_BHTd, k_BHTd, v_BHTd, is_casual: true);
        return (x_ND + Linear(y_BHTd.transpose(1, 2).reshape(-1, options.Width), $"{name}.output")).MoveToOuterDisposeScope();
    }

    private Tensor Mlp(Tensor x_ND, string name)
    {
        using var _ = x_ND;
        using var scope = NewDisposeScope();
        var h_NF = functional.gelu(Linear(Norm(x_ND, $"{name}.norm"), $"{name}.up"), TorchSharp.Modules.GELU.Approximate.tanh);
        return (x_ND + Linear(h_NF, $"{name}.down")).MoveToOuterDisposeScope();
    }

    private Tensor Head(Tensor x_ND, Tensor targets_N)
    {
        using var _ = x_ND;
        using var scope = NewDisposeScope();
        var logits_NV = functional.linear(Norm(x_ND, "norm"), weights["tokens.weight"]);
        return functional.cross_entropy(logits_NV.to(ScalarType.Float32), targets_N).MoveToOuterDisposeScope();
    }

    private Tensor Norm(Tensor x_ND, string name) =>
        functional.layer_norm(x_ND, [options.Width], weights[$"{name}.weight"], weights[$"{name}.bias"], options.NormEpsilon);

    private Tensor Linear(Tensor x, string name) => functional.linear(x, weights[$"{name}.weight"], weights[$"{name}.bias"]);

    private static Embedding Embedded(Parameter weight)
    {
        var embedding = nn.Embedding(1, 1);
        embedding.weight = weight;
        return embedding;
    }
}
