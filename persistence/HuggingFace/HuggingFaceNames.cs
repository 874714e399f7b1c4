using ActorTrain.Models;
using ActorTrain.Models.Storage;

namespace ActorTrain.Persistence.HuggingFace;

/// <summary>One tensor of Hugging Face's naming, and the part of a canonical parameter that it is.</summary>
/// <param name="Shape">Its shape in the file.</param>
/// <param name="Transposed">Whether the file holds <c>[in, out]</c> and the parameter is <c>[out, in]</c>.</param>
internal sealed record HuggingFaceTensor(
    string Name, string Parameter, IReadOnlyList<long> Shape, long FirstRow = 0, bool Transposed = false)
{
    public long Count => Shape.Aggregate(1L, static (product, size) => checked(product * size));

    /// <summary>Elements of the parameter before this part.</summary>
    public long FirstElement => FirstRow * (Shape.Count == 2 ? Shape[1] : 1);
}

/// <summary>The tensors of GPT2LMHeadModel and LlamaForCausalLM, or of GPT2ForSequenceClassification and LlamaForSequenceClassification if
/// the model has a score, and their places in the canonical parameters. The latter have no bias of the score.</summary>
/// <remarks>GPT-2 stores its projections as Conv1D, <c>[in, out]</c>; Llama stores queries, keys and values, and gate and up, separately,
/// where the canonical parameters concatenate their rows. Rotary positions pair i with i + head/2 in both, so no rows are permuted. Names
/// and shapes follow transformers' modeling_gpt2.py and modeling_llama.py.</remarks>
internal static class HuggingFaceNames
{
    public const string Gpt2Prefix = "transformer.", LlamaPrefix = "model.", Head = "lm_head.weight";

    /// <summary>Prefix of every name but the head's; a bare model (GPT2Model, LlamaModel) is saved without it.</summary>
    public static string PrefixOf(ModelFamily family) => family == ModelFamily.Gpt2 ? Gpt2Prefix : LlamaPrefix;

    public static IEnumerable<HuggingFaceTensor> Of(ModelOptions options)
    {
        var body = options.Family == ModelFamily.Gpt2 ? Gpt2(options) : Llama(options);
        if (options.Output is ModelOutput.Score)
            return body.Append(new(ModelLayout.ScoreWeight, ModelLayout.ScoreWeight, [1, options.Width]));
        return options.TieEmbeddings ? body : body.Append(HeadOf(options));
    }

    /// <summary>The output projection, which a file may contain even if it is tied to the embedding.</summary>
    public static HuggingFaceTensor HeadOf(ModelOptions options) =>
        new(Head, options.TieEmbeddings ? "tokens.weight" : "head.weight", [options.VocabularySize, options.Width]);

    /// <summary>Tensors of published files that are not parameters, since they follow from the options: attention masks, rotary
    /// frequencies.</summary>
    public static IEnumerable<string> Buffers(ModelOptions options) => options.Family == ModelFamily.Gpt2
        ? Enumerable.Range(0, options.Layers)
            .SelectMany(static i => (string[])[$"transformer.h.{i}.attn.bias", $"transformer.h.{i}.attn.masked_bias"])
        : Enumerable.Range(0, options.Layers).Select(static i => $"model.layers.{i}.self_attn.rotary_emb.inv_freq")
            .Append("model.rotary_emb.inv_freq");

    private static IEnumerable<HuggingFaceTensor> Gpt2(ModelOptions options)
    {
        long width = options.Width, hidden = options.MlpWidth;
        yield return new("transformer.wte.weight", "tokens.weight", [options.VocabularySize, width]);
        yield return new("transformer.wpe.weight", "positions.weight", [options.ContextLength, width]);
        for (var i = 0; i < options.Layers; i++)
        {
            string theirs = $"transformer.h.{i}.", ours = $"blocks.{i}.";
            yield return new(theirs + "ln_1.weight", ours + "attention.norm.weight", [width]);
            yield return new(theirs + "ln_1.bias", ours + "attention.norm.bias", [width]);
            yield return new(theirs + "attn.c_attn.weight", ours + "attention.qkv.weight", [width, 3 * width], Transposed: true);
            yield return new(theirs + "attn.c_attn.bias", ours + "attention.qkv.bias", [3 * width]);
            yield return new(theirs + "attn.c_proj.weight", ours + "attention.output.weight", [width, width], Transposed: true);
            yield return new(theirs + "attn.c_proj.bias", ours + "attention.output.bias", [width]);
            yield return new(theirs + "ln_2.weight", ours + "mlp.norm.weight", [width]);
            yield return new(theirs + "ln_2.bias", ours + "mlp.norm.bias", [width]);
            yield return new(theirs + "mlp.c_fc.weight", ours + "mlp.up.weight", [width, hidden], Transposed: true);
            yield return new(theirs + "mlp.c_fc.bias", ours + "mlp.up.bias", [hidden]);
            yield return new(theirs + "mlp.c_proj.weight", ours + "mlp.down.weight", [hidden, width], Transposed: true);
            yield return new(theirs + "mlp.c_proj.bias", ours + "mlp.down.bias", [width]);
        }

        yield return new("transformer.ln_f.weight", "norm.weight", [width]);
        yield return new("transformer.ln_f.bias", "norm.bias", [width]);
    }

    private static IEnumerable<HuggingFaceTensor> Llama(ModelOptions options)
    {
        long width = options.Width, hidden = options.MlpWidth, head = options.HeadWidth;
        long queries = options.Heads * head, keys = options.KeyValueHeads * head;
        yield return new("model.embed_tokens.weight", "tokens.weight", [options.VocabularySize, width]);
        for (var i = 0; i < options.Layers; i++)
        {
            string theirs = $"model.layers.{i}.", ours = $"blocks.{i}.";
            yield return new(theirs + "input_layernorm.weight", ours + "attention.norm.weight", [width]);
            yield return new(theirs + "self_attn.q_proj.weight", ours + "attention.qkv.weight", [queries, width]);
            yield return new(theirs + "self_attn.k_proj.weight", ours + "attention.qkv.weight", [keys, width], queries);
            yield return new(theirs + "self_attn.v_proj.weight", ours + "attention.qkv.weight", [keys, width], queries + keys);
            yield return new(theirs + "self_attn.o_proj.weight", ours + "attention.output.weight", [width, queries]);
            yield return new(theirs + "post_attention_layernorm.weight", ours + "mlp.norm.weight", [width]);
            yield return new(theirs + "mlp.gate_proj.weight", ours + "mlp.gate_up.weight", [hidden, width]);
            yield return new(theirs + "mlp.up_proj.weight", ours + "mlp.gate_up.weight", [hidden, width], hidden);
            yield return new(theirs + "mlp.down_proj.weight", ours + "mlp.down.weight", [width, hidden]);
        }

        yield return new("model.norm.weight", "norm.weight", [width]);
    }
}
