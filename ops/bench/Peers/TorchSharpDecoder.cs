using ActorTrain.Models;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ActorTrain.Bench.Peers;

/// <summary>GPT-2 decoding in TorchSharp's own operations, with a cache of keys and values allocated once, as an experienced user of the
/// library would write it.</summary>
/// <param name="weights">As for <see cref="TorchSharpGpt"/>.</param>
/// <param name="batch">Texts, all of one length.</param>
/// <remarks>Letters in names are as there; C is the context.</remarks>
internal sealed class TorchSharpDecoder(ModelOptions options, IReadOnlyDictionary<string, Tensor> weights, int batch)
{
    private readonly Tensor[] keys_BHCd = Cache(options, weights, batch);
    private readonly Tensor[] values_BHCd = Cache(options, weights, batch);
    private readonly long[] width = [options.Width];

    /// <summary>Tokens in the cache; a smaller number forgets the last.</summary>
    public long Length { get; set; }

    /// <summary>Continues the texts of another decoder, each by equally many of its own, side by side.</summary>
    public void BeginAs(TorchSharpDecoder prompts)
    {
        Length = prompts.Length;
        for (var i = 0; i < options.Layers; i++)
        {
            Copy(prompts.keys_BHCd[i], keys_BHCd[i]);
            Copy(prompts.values_BHCd[i], values_BHCd[i]);
        }

        void Copy(Tensor from, Tensor to)
        {
            using var scope = NewDisposeScope();
            to.narrow(2, 0, Length).copy_(from.narrow(2, 0, Length).repeat_interleave(batch / from.shape[0], 0));
        }
    }

    /// <summary>Reads the next tokens of each text, <c>[B, T]</c> int64; only an empty cache can take several.</summary>
    /// <returns>The logits after the last of each, <c>[B, V]</c>.</returns>
    public Tensor Feed(Tensor tokens_BT)
    {
        using var scope = NewDisposeScope();
        var time = tokens_BT.shape[1];
        var x_ND = (weights["tokens.weight"].index_select(0, tokens_BT.view(-1)).view(batch, time, options.Width)
            + weights["positions.weight"].narrow(0, Length, time)).view(-1, options.Width);
        for (var i = 0; i < options.Layers; i++)
        {
            x_ND += Attention(x_ND, i, time);
            x_ND += Mlp(x_ND, $"blocks.{i}.mlp");
        }

        Length += time;
        var last_BD = x_ND.view(batch, time, options.Width).select(1, time - 1);
        return functional.linear(Norm(last_BD, "norm"), weights["tokens.weight"]).MoveToOuterDisposeScope();
    }

    private Tensor Attention(Tensor x_ND, int layer, long time)
    {
        var name = $"blocks.{layer}.attention";
        var qkv = Linear(Norm(x_ND, $"{name}.norm"), $"{name}.qkv").view(batch, time, 3, options.Heads, options.HeadWidth).unbind(2);
        var q_BHTd = qkv[0].transpose(1, 2);
        keys_BHCd[layer].narrow(2, Length, time).copy_(qkv[1].transpose(1, 2));
        values_BHCd[layer].narrow(2, Length, time).copy_(qkv[2].transpose(1, 2));
        var (k_BHTd, v_BHTd) = (keys_BHCd[layer].narrow(2, 0, Length + time), values_BHCd[layer].narrow(2, 0, Length + time));
        var y_BHTd = functional.scaled_dot_product_attention(q_BHTd, k_BHTd, v_BHTd, is_casual: time > 1);
        return Linear(y_BHTd.transpose(1, 2).reshape(-1, options.Width), $"{name}.output");
    }

    private Tensor Mlp(Tensor x_ND, string name) => Linear(
        functional.gelu(Linear(Norm(x_ND, $"{name}.norm"), $"{name}.up"), TorchSharp.Modules.GELU.Approximate.tanh), $"{name}.down");

    private Tensor Norm(Tensor x, string name) =>
        functional.layer_norm(x, width, weights[$"{name}.weight"], weights[$"{name}.bias"], options.NormEpsilon);

    private Tensor Linear(Tensor x, string name) => functional.linear(x, weights[$"{name}.weight"], weights[$"{name}.bias"]);

    private static Tensor[] Cache(ModelOptions options, IReadOnlyDictionary<string, Tensor> weights, int batch) =>
        [.. Enumerable.Range(0, options.Layers).Select(_ => zeros(
            batch, options.Heads, options.ContextLength, options.HeadWidth, dtype: weights["tokens.weight"].dtype))];
}
