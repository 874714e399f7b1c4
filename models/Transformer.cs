using System.Runtime.InteropServices;
using ActorTrain.Models.Batches;
using ActorTrain.Models.Generation;
using ActorTrain.Models.Layers;
using ActorTrain.Models.Numerics;
using ActorTrain.Models.Runtime;
using ActorTrain.Models.Storage;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ActorTrain.Models;

// A decoder-only transformer, read top to bottom in the order data flows. Letters in names are shapes:
// B batch, T time, D width, H heads, K key-value heads, d head width, F MLP width, V vocabulary.
//
// Each sublayer is in its reference form here, in tensor operations, for accelerators. On CPUs, training, evaluation and generation use the
// fused kernels of Kernels/ instead, which are tested against the reference form.

/// <summary>A GPT-2 or Llama model of language, or of scores, whose parameters are views into one flat vector.</summary>
public sealed class Transformer : Module<Tensor, Tensor>
{
    private readonly ReferenceEmbedding tokens;
    private readonly ReferenceEmbedding? positions;
    private readonly ModuleList<Block> blocks;
    private readonly ReferenceNorm norm;
    private readonly ReferenceLinear? head;
    private readonly ReferenceLinear? score;
    private readonly RotaryTable? rotary;
    private readonly double embeddingShrink;
    private readonly FusedEmbedding? fusedEmbedding;
    private readonly FusedLoss? fusedLoss;
    private readonly FusedScore? fusedScore;
    private readonly LaneTokenRows? tokenRows;
    private readonly ParameterView named;

    /// <param name="parameters">Laid out by <see cref="ModelLayout.Of"/> the options; not owned.</param>
    /// <param name="fused">Whether to use the fused CPU kernels; null for where they are available and the parameters are on a CPU.</param>
    /// <param name="embeddingShrink">α of the shrunken embedding gradient (Zeng et al. 2022, GLM-130B, section 2.3: 0.1), which prevents
    /// spikes in the first layers: the factor of the token embedding's gradient as input; the part of a tied head is not scaled. 1:
    /// off.</param>
    /// <param name="recompute">Changes no bit; for the fused CPU kernels only.</param>
    /// <param name="prefix">Of the names of its parameters, if it is not the first model among them.</param>
    public Transformer(
        ModelOptions options, FlatParameters parameters, Precision precision = Precision.Float32, bool? fused = null,
        double embeddingShrink = 1, Recompute recompute = Recompute.None, string prefix = "")
        : base(nameof(Transformer))
    {
        Options = options;
        Parameters = parameters;
        Precision = precision;
        Recompute = recompute;
        this.embeddingShrink = embeddingShrink;
        named = new ParameterView(parameters, prefix);
        IsFused = fused ?? (FusedKernels.IsAvailable && parameters.Device.type == DeviceType.CPU);

        if (options.Family == ModelFamily.Llama)
        {
            rotary = new RotaryTable(
                options.ContextLength, options.HeadWidth, options.RopeTheta, options.RopeScaling, parameters.Device);
        }

        tokens = new ReferenceEmbedding(named["tokens.weight"]);
        positions = options.Family == ModelFamily.Gpt2 ? new ReferenceEmbedding(named["positions.weight"]) : null;
        blocks = new ModuleList<Block>([.. Enumerable.Range(0, options.Layers).Select(i => new Block(this, $"blocks.{i}", rotary))]);
        norm = new ReferenceNorm(named, "norm", options);
        if (options.Output is ModelOutput.Score)
            score = new ReferenceLinear(named[ModelLayout.ScoreWeight], named[ModelLayout.ScoreBias], Precision.Float32);
        else
            head = new ReferenceLinear(named[options.TieEmbeddings ? "tokens.weight" : "head.weight"], bias: null, precision);
        RegisterComponents();

        if (IsFused)
        {
            tokenRows = new LaneTokenRows(options);
            fusedEmbedding = new FusedEmbedding(
                named["tokens.weight"], positions is null ? null : named["positions.weight"], tokenRows, embeddingShrink);
            fusedLoss = head is null ? null : new FusedLoss(named, options, precision, tokenRows);
            fusedScore = score is null ? null : new FusedScore(named, options);
        }

        if (options.Critic)
        {
            Critic = new Transformer(
                options.ShapeOfCritic(), parameters, precision, fused, embeddingShrink, recompute, ModelLayout.CriticPrefix);
        }
    }

    public ModelOptions Options { get; }

    public FlatParameters Parameters { get; }

    /// <summary>Estimates the value of each position of a text, with parameters of its own in the same vector; null without a
    /// critic.</summary>
    public Transformer? Critic { get; }

    public Precision Precision { get; }

    public bool IsFused { get; }

    public Recompute Recompute { get; }

    /// <summary>Token ids <c>[B, T]</c> int64 → logits <c>[B, T, V]</c> float32, in reference form.</summary>
    public override Tensor forward(Tensor tokens_BT) => Logits(tokens_BT, cache: null);

    /// <summary>Logits of the given tokens, after those in <paramref name="cache"/>, which grows.</summary>
    /// <param name="tokens_BT">Token ids <c>[B, T]</c> int64; if the cache is not empty, T must be 1.</param>
    /// <param name="cache">Keys and values so far; null for none.</param>
    /// <returns><c>[B, T, V]</c> float32.</returns>
    /// <exception cref="InvalidOperationException">The model has a score instead of logits.</exception>
    public Tensor Logits(Tensor tokens_BT, KeyValueCache? cache) => Head.forward(Hidden(tokens_BT, cache)).to(ScalarType.Float32);

    /// <summary>The scores of some rows, of which each is a function of its text up to there.</summary>
    /// <param name="tokens_BT">Token ids <c>[B, T]</c> int64.</param>
    /// <param name="rows">Of the B·T, each at most once.</param>
    /// <param name="texts">Null if each of the B is one text.</param>
    /// <returns><c>[rows]</c> float32, to be differentiated.</returns>
    /// <exception cref="InvalidOperationException">The model has logits instead of a score.</exception>
    public Tensor Scores(Tensor tokens_BT, long[] rows, TextRows? texts = null)
    {
        texts = Checked(texts, tokens_BT);
        if (score is null)
            throw new InvalidOperationException("A language model has no score.");
        if (fusedScore is not null)
            return fusedScore.Apply(FusedBlocks(tokens_BT, texts), rows);
        var all = cat([.. PartsOf(tokens_BT, texts).Select(text => score.forward(Hidden(text, cache: null)).reshape(-1))]);

        // No row twice, so its gradient adds in no order.
        return all.index_select(0, tensor(rows, device: all.device));
    }

    // Normalised, before the output.
    private Tensor Hidden(Tensor tokens_BT, KeyValueCache? cache)
    {
        var (from, time) = (cache?.Length ?? 0, tokens_BT.shape[1]);
        CheckLength(from + time);

        var x_BTD = Shrunken(tokens.forward(tokens_BT));
        if (positions is not null)
            x_BTD = x_BTD.Plus(positions.Rows(from, time));
        for (var i = 0; i < blocks.Count; i++)
            x_BTD = blocks[i].Reference(x_BTD, cache?[i]);
        return norm.forward(x_BTD);
    }

    /// <summary><paramref name="scale"/> times the sum of the targets' cross-entropies, in nats.</summary>
    /// <param name="tokens_BT">Token ids <c>[B, T]</c> int64.</param>
    /// <param name="targets_BT">The token after each, <c>[B, T]</c> int64; −1 is skipped.</param>
    /// <param name="scale">1 / (tokens of the global batch) makes gradients of lanes add up to that of the mean.</param>
    /// <param name="texts">Null if each of the B is one text.</param>
    /// <returns>A float32 scalar; call backward on it without further scaling.</returns>
    public Tensor Loss(Tensor tokens_BT, Tensor targets_BT, float scale, TextRows? texts = null)
    {
        texts = Checked(texts, tokens_BT);
        if (fusedLoss is not null)
            return fusedLoss.Apply(FusedBlocks(tokens_BT, texts), targets_BT.contiguous(), new RowWeighing(scale)).sum();
        using Scalar factor = scale;
        return ReferenceHead.Losses(ReferenceLogits(tokens_BT, texts), targets_BT, Reduction.Sum).mul(factor);
    }

    /// <summary>Of each lane whose gradients are lent: <see cref="Loss"/>. On the fused kernels only.</summary>
    /// <param name="tokens_BT">Token ids of all lanes, equally many sequences each.</param>
    /// <param name="targets_BT">The token after each.</param>
    /// <param name="scale">As in <see cref="Loss"/>.</param>
    /// <returns><c>[lanes]</c> float32; call backward on its sum.</returns>
    public Tensor LaneLosses(Tensor tokens_BT, Tensor targets_BT, float scale)
    {
        return fusedLoss!.Apply(FusedBlocks(tokens_BT, Checked(null, tokens_BT)), targets_BT.contiguous(), new RowWeighing(scale));
    }

    /// <summary>The sum of the targets' cross-entropies, in nats, each times a weight that may depend on all of them; its gradient may
    /// hold an entropy bonus too.</summary>
    /// <param name="tokens_BT">Token ids <c>[B, T]</c> int64.</param>
    /// <param name="targets_BT">The token after each, <c>[B, T]</c> int64; the loss of −1 is 0.</param>
    /// <param name="weigh">From the cross-entropies and the entropies, <c>[B·T]</c> each, to as many weights, which the gradient takes as
    /// constants. Without an entropy bonus it is given no entropies.</param>
    /// <returns>A float32 scalar; call backward on it without further scaling.</returns>
    public Tensor WeightedLoss(
        Tensor tokens_BT, Tensor targets_BT, TextRows texts, Func<float[], float[], float[]> weigh, HeadForm form = default)
    {
        texts = Checked(texts, tokens_BT);
        if (fusedLoss is null)
        {
            var (losses, entropies) = ReferenceHead.Rows(ReferenceLogits(tokens_BT, texts), targets_BT, form);
            var loss = losses.mul(tensor(weigh(ValuesOf(losses.detach()), form.EntropyWeights is null ? [] : ValuesOf(entropies.detach())),
                device: losses.device)).sum();
            return form.EntropyWeights is null ? loss : loss - entropies.mul(tensor(form.EntropyWeights, device: losses.device)).sum();
        }

        var (x_BTD, targets) = (FusedBlocks(tokens_BT, texts), targets_BT.contiguous());
        RowWeighing weighing;
        using (no_grad())
        {
            weighing = WeighingOf(form, texts.Rows);
            var entropies = form.EntropyWeights is null ? null : empty(texts.Rows, dtype: float32);
            var losses = ValuesOf(fusedLoss.RowLosses(x_BTD, targets, weighing, entropies));
            weighing = weighing with { Weights = tensor(weigh(losses, entropies is null ? [] : ValuesOf(entropies))) };
        }

        return fusedLoss.Apply(x_BTD, targets, weighing).sum();

        static float[] ValuesOf(Tensor rows) => MemoryMarshal.Cast<byte, float>(rows.cpu().bytes).ToArray();
    }

    /// <summary>The targets' cross-entropies, in nats, without a gradient.</summary>
    /// <param name="tokens_BT">Token ids <c>[B, T]</c> int64.</param>
    /// <param name="targets_BT">The token after each, <c>[B, T]</c> int64; the loss of −1 is 0.</param>
    /// <param name="texts">Null if each of the B is one text.</param>
    /// <returns><c>[B·T]</c> float32.</returns>
    public Tensor TokenLosses(Tensor tokens_BT, Tensor targets_BT, TextRows? texts = null, HeadForm form = default)
    {
        texts = Checked(texts, tokens_BT);
        using var _ = no_grad();
        return fusedLoss?.RowLosses(FusedBlocks(tokens_BT, texts), targets_BT.contiguous(), WeighingOf(form, texts.Rows))
            ?? ReferenceHead.Rows(ReferenceLogits(tokens_BT, texts), targets_BT, form).Losses;
    }

    /// <summary>Runs new rows of cached texts through all blocks, on the fused kernels.</summary>
    internal void Decode(DecodingPass pass)
    {
        fusedEmbedding!.Decode(pass);
        for (var i = 0; i < blocks.Count; i++)
            blocks[i].Decode(pass, i);
    }

    /// <summary>As <see cref="FusedLoss.Logits"/>, after <see cref="Decode"/>.</summary>
    internal void Logits(DecodingPass pass, long rows, nint logits) => fusedLoss!.Logits(pass, rows, logits);

    /// <summary>As <see cref="FusedLoss.RowLosses(DecodingPass, nint, nint)"/>, after <see cref="Decode"/>.</summary>
    internal void RowLosses(DecodingPass pass, nint targets, nint losses) => fusedLoss!.RowLosses(pass, targets, losses);

    private static RowWeighing WeighingOf(HeadForm form, long rows)
    {
        using Scalar temperature = form.Temperature;
        return new RowWeighing(
            Scale: 1, Temperatures: form.Temperature == 1 ? null : full(rows, temperature, dtype: float32),
            EntropyWeights: form.EntropyWeights is { } weights ? tensor(weights) : null);
    }

    private Tensor ReferenceLogits(Tensor tokens_BT, TextRows texts) =>
        cat([.. PartsOf(tokens_BT, texts).Select(part => forward(part).view(-1, Options.VocabularySize))]);

    // In reference form, texts of different lengths are computed one by one.
    private static IEnumerable<Tensor> PartsOf(Tensor rows_BT, TextRows texts) => texts.Length is not null ? [rows_BT]
        : texts.Ends.Zip(texts.Ends.Prepend(0), (end, start) => rows_BT.narrow(1, start, end - start));

    private ReferenceLinear Head => head ?? throw new InvalidOperationException("The model has a score instead of logits.");

    private Tensor FusedBlocks(Tensor tokens_BT, TextRows texts)
    {
        var x_BTD = fusedEmbedding!.Apply(tokens_BT, texts);
        for (var i = 0; i < blocks.Count; i++)
            x_BTD = blocks[i].Fused(x_BTD, texts);
        return x_BTD;
    }

    private TextRows Checked(TextRows? texts, Tensor tokens_BT)
    {
        texts ??= new TextRows(tokens_BT.shape[0], tokens_BT.shape[1]);
        if (texts.Rows != tokens_BT.numel())
            throw new ArgumentException($"{tokens_BT.numel()} tokens are not the {texts.Rows} rows of the texts.", nameof(texts));
        CheckLength(texts.Longest);
        return texts;
    }

    // e·α + detach(e)·(1 − α), written so that the forward is e to the last bit.
    private Tensor Shrunken(Tensor embedded)
    {
        if (embeddingShrink == 1 || !is_grad_enabled())
            return embedded;
        using Scalar shrink = embeddingShrink;
        var constant = embedded.detach();
        return constant.Plus((embedded - constant).mul(shrink));
    }

    private void CheckLength(long tokens)
    {
        if (tokens > Options.ContextLength)
            throw new ArgumentException($"{tokens} tokens exceed the model's context of {Options.ContextLength}.");
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            rotary?.Dispose();
            fusedLoss?.Dispose();
            tokenRows?.Dispose();
            Critic?.Dispose();
        }

        base.Dispose(disposing);
    }

    // ---- A block: two sublayers, each added onto the residual stream ----------------------------------------------------------------

    private sealed class Block : Module
    {
        private readonly Attention attention;
        private readonly Mlp mlp;

        public Block(Transformer model, string name, RotaryTable? rotary)
            : base(nameof(Block))
        {
            attention = new Attention(model, $"{name}.attention", rotary);
            mlp = new Mlp(model, $"{name}.mlp");
            RegisterComponents();
        }

        public Tensor Fused(Tensor x_BTD, TextRows texts) => mlp.Fused(attention.Fused(x_BTD, texts), texts);

        public Tensor Reference(Tensor x_BTD, KeyValues? cache) => mlp.Reference(attention.Reference(x_BTD, cache));

        public void Decode(DecodingPass pass, int layer)
        {
            attention.Decode(pass, layer);
            mlp.Decode(pass);
        }
    }

    private sealed class Attention : Module
    {
        private readonly ReferenceNorm norm;
        private readonly ReferenceLinear qkv;
        private readonly ReferenceLinear output;
        private readonly ModelOptions shape;
        private readonly RotaryTable? rotary;
        private readonly FusedAttention? fused;

        public Attention(Transformer model, string name, RotaryTable? rotary)
            : base(nameof(Attention))
        {
            shape = model.Options;
            this.rotary = rotary;
            norm = new ReferenceNorm(model.named, $"{name}.norm", model.Options);
            qkv = ReferenceLinear.Of(model.named, $"{name}.qkv", model.Options, model.Precision);
            output = ReferenceLinear.Of(model.named, $"{name}.output", model.Options, model.Precision);
            fused = model.IsFused ? new FusedAttention(model.named, name, shape, model.Precision, rotary, model.Recompute) : null;
            RegisterComponents();
        }

        public Tensor Fused(Tensor x_BTD, TextRows texts) => fused!.Apply(x_BTD, texts);

        public void Decode(DecodingPass pass, int layer) => fused!.Decode(pass, layer);

        public Tensor Reference(Tensor x_BTD, KeyValues? cache)
        {
            long heads = shape.Heads, kvHeads = shape.KeyValueHeads, width = shape.HeadWidth;
            var (batch, time) = (x_BTD.shape[0], x_BTD.shape[1]);
            var parts = qkv.forward(norm.forward(x_BTD)).split([heads * width, kvHeads * width, kvHeads * width], dim: -1);
            var (q_BHTd, k_BKTd, v_BKTd) = (Heads(parts[0], heads), Heads(parts[1], kvHeads), Heads(parts[2], kvHeads));
            if (rotary is not null)
            {
                var from = cache?.Length ?? 0;
                (q_BHTd, k_BKTd) = (rotary.Rotate(q_BHTd, from), rotary.Rotate(k_BKTd, from));
            }

            // A single new token attends to everything cached; only a longer piece needs the causal mask. (The mask argument is positional:
            // TorchSharp is about to correct that parameter's name.)
            if (cache is not null)
                (k_BKTd, v_BKTd) = cache.Append(k_BKTd, v_BKTd);
            if (heads != kvHeads)
                (k_BKTd, v_BKTd) = (k_BKTd.repeat_interleave(heads / kvHeads, dim: 1), v_BKTd.repeat_interleave(heads / kvHeads, dim: 1));
            var attended_BHTd = functional.scaled_dot_product_attention(q_BHTd, k_BKTd, v_BKTd, null, 0, time > 1);
            return x_BTD.Plus(output.forward(attended_BHTd.transpose(1, 2).reshape(batch, time, heads * width)));

            Tensor Heads(Tensor x, long count) => x.view(batch, time, count, width).transpose(1, 2);
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                fused?.Dispose();
            base.Dispose(disposing);
        }
    }

    private sealed class Mlp : Module
    {
        private readonly ReferenceNorm norm;
        private readonly ReferenceLinear? up;
        private readonly ReferenceLinear? gate_up;
        private readonly ReferenceLinear down;
        private readonly FusedMlp? fused;

        public Mlp(Transformer model, string name)
            : base(nameof(Mlp))
        {
            norm = new ReferenceNorm(model.named, $"{name}.norm", model.Options);
            if (model.Options.Family == ModelFamily.Gpt2)
                up = ReferenceLinear.Of(model.named, $"{name}.up", model.Options, model.Precision);
            else
                gate_up = ReferenceLinear.Of(model.named, $"{name}.gate_up", model.Options, model.Precision);
            down = ReferenceLinear.Of(model.named, $"{name}.down", model.Options, model.Precision);
            fused = model.IsFused ? new FusedMlp(model.named, name, model.Options, model.Precision, model.Recompute) : null;
            RegisterComponents();
        }

        public Tensor Fused(Tensor x_BTD, TextRows texts) => fused!.Apply(x_BTD, texts);

        public void Decode(DecodingPass pass) => fused!.Decode(pass);

        public Tensor Reference(Tensor x_BTD)
        {
            var normed_BTD = norm.forward(x_BTD);
            var hidden_BTF = up is not null ? ReferenceActivation.Gelu(up.forward(normed_BTD))
                : ReferenceActivation.SwiGlu(gate_up!.forward(normed_BTD));
            return x_BTD.Plus(down.forward(hidden_BTF));
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                fused?.Dispose();
            base.Dispose(disposing);
        }
    }
}
