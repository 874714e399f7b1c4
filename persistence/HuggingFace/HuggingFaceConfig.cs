using System.Text.Json;
using ActorTrain.Models;
using ActorTrain.Models.Options;
using ActorTrain.Persistence.Safetensors;

namespace ActorTrain.Persistence.HuggingFace;

/// <summary>The contents of <c>config.json</c> and <c>generation_config.json</c>.</summary>
/// <param name="Dtypes">The element type of the weights that each key declares.</param>
/// <param name="Remarks">What the import ignores, one sentence per file.</param>
internal sealed record HuggingFaceDescription(
    ModelOptions Options, int? BeginToken, int? EndToken, IReadOnlyDictionary<string, SafetensorsDtype> Dtypes,
    IReadOnlyList<string> Remarks);

/// <summary>Reads and writes the <c>config.json</c> of GPT2LMHeadModel and LlamaForCausalLM; also reads its
/// <c>generation_config.json</c>.</summary>
internal static class HuggingFaceConfig
{
    public const string Name = "config.json";

    private const string GenerationName = "generation_config.json";

    // Default sampling options, which are options of `actortrain generate` here.
    private static readonly HashSet<string> Sampling = ["do_sample", "max_length", "task_specific_params", "temperature", "top_k", "top_p"];

    // Keys of generation_config.json without influence on the text.
    private static readonly HashSet<string> NeutralInGeneration =
    [
        "_from_model_config", "cache_implementation", "output_attentions", "output_hidden_states", "output_logits", "output_scores",
        "return_dict_in_generate", "transformers_version", "use_cache",
    ];

    // Keys without influence on either model's computation (transformers' configuration_utils.py, configuration_gpt2.py and
    // configuration_llama.py): names, training, other heads, and equivalent implementations. Every other key must be read.
    private static readonly HashSet<string> Neutral =
    [
        "_attn_implementation", "_commit_hash", "_name_or_path", "_num_labels", "attention_dropout", "attn_implementation", "attn_pdrop",
            "chunk_size_feed_forward",
        "embd_pdrop", "finetuning_task", "gradient_checkpointing", "id2label", "initializer_range", "is_decoder",
            "is_llama_config",
        "label2id", "output_attentions", "output_hidden_states", "pretraining_tp", "problem_type",
            "reorder_and_upcast_attn",
        "resid_pdrop", "return_dict", "summary_activation", "summary_first_dropout", "summary_proj_to_labels", "summary_type",
            "summary_use_proj",
        "tokenizer_class", "torchscript", "transformers.js_config",
        "transformers_version", "use_bfloat16", "use_cache",
    ];

    public static byte[] Write(ModelOptions options, int? beginToken, int? endToken)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            json.WriteStartObject();
            if (options.Family == ModelFamily.Gpt2)
                WriteGpt2(json, options);
            else
                WriteLlama(json, options);
            if (options.Output is ModelOutput.Score)
                WriteOneLabel(json);
            WriteToken(json, "bos_token_id", beginToken);
            WriteToken(json, "eos_token_id", endToken);
            json.WriteNumber("initializer_range", 0.02);
            json.WriteBoolean("tie_word_embeddings", options.TieEmbeddings);
            json.WriteString("torch_dtype", "float32");
            json.WriteBoolean("use_cache", true);
            json.WriteNumber("vocab_size", options.VocabularySize);
            json.WriteEndObject();
        }

        return [.. stream.ToArray(), (byte)'\n'];
    }

    /// <summary>Reads a <c>config.json</c> and the <c>generation_config.json</c> beside it, if there is one.</summary>
    /// <exception cref="UserErrorException">They contradict each other, or describe a model that this program cannot run exactly as
    /// trained.</exception>
    public static HuggingFaceDescription Read(string path)
    {
        var config = ConfigReader.Open(path);
        var generationPath = Path.Combine(Path.GetDirectoryName(path)!, GenerationName);
        var generation = File.Exists(generationPath) ? ConfigReader.Open(generationPath) : null;
        var options = config.Text("model_type", string.Empty) switch
        {
            "gpt2" => ReadGpt2(config),
            "llama" => ReadLlama(config),
            var other => throw new UserErrorException($"{path} has model_type \"{other}\"; only gpt2 and llama can be imported."),
        };
        config.Require("is_encoder_decoder", false);
        var (begin, end) = (Token("bos_token_id"), Token("eos_token_id"));
        Token("pad_token_id");
        var dtypes = new Dictionary<string, SafetensorsDtype>();
        foreach (var key in (string[])["torch_dtype", "dtype"])
        {
            if (config.Dtype(key) is { } dtype)
                dtypes.Add(key, dtype);
        }

        config.RefuseTheRest(Neutral, Sampling);
        if (options.Problems().FirstOrDefault() is { } problem)
            throw new UserErrorException($"{path} is not a valid model configuration: {problem.In(name => KeyOf(options.Family, name))}");
        return new HuggingFaceDescription(options, begin, end, dtypes,
        [
            .. NotTakenOver(path, config.Unread(Sampling.Contains)),
            .. NotTakenOver(generationPath, generation?.Unread(static key => !NeutralInGeneration.Contains(key)) ?? []),
        ]);

        int? Token(string key)
        {
            var ofModel = config.Token(key, options.VocabularySize);
            if (generation?.Token(key, options.VocabularySize) is not { } ofGeneration)
                return ofModel;
            return ofModel is null || ofModel == ofGeneration ? ofGeneration : throw new UserErrorException(
                $"{generationPath} has {key}: {ofGeneration}, but {Name} beside it has {ofModel}; they must be equal: "
                + "correct the wrong one.");
        }
    }

    private static IEnumerable<string> NotTakenOver(string path, IEnumerable<string> said) =>
        string.Join(", ", said) is { Length: > 0 } all
            ? [$"Not taken over from {path}: {all}; `actortrain generate` has options of its own."]
            : [];

    private static void WriteGpt2(Utf8JsonWriter json, ModelOptions options)
    {
        var isScore = options.Output is ModelOutput.Score;
        WriteArchitecture(json, "gpt2", isScore ? "GPT2ForSequenceClassification" : "GPT2LMHeadModel");
        json.WriteString("activation_function", "gelu_new");
        json.WriteNumber("attn_pdrop", 0.0);
        json.WriteNumber("embd_pdrop", 0.0);
        json.WriteNumber("resid_pdrop", 0.0);
        json.WriteNumber("layer_norm_epsilon", options.NormEpsilon);
        json.WriteNumber("n_ctx", options.ContextLength);
        json.WriteNumber("n_embd", options.Width);
        json.WriteNumber("n_head", options.Heads);
        json.WriteNumber("n_inner", options.MlpWidth);
        json.WriteNumber("n_layer", options.Layers);
        json.WriteNumber("n_positions", options.ContextLength);
        json.WriteBoolean("scale_attn_weights", true);
    }

    private static void WriteLlama(Utf8JsonWriter json, ModelOptions options)
    {
        var isScore = options.Output is ModelOutput.Score;
        WriteArchitecture(json, "llama", isScore ? "LlamaForSequenceClassification" : "LlamaForCausalLM");
        json.WriteBoolean("attention_bias", false);
        json.WriteNumber("attention_dropout", 0.0);
        json.WriteNumber("head_dim", options.HeadWidth);
        json.WriteString("hidden_act", "silu");
        json.WriteNumber("hidden_size", options.Width);
        json.WriteNumber("intermediate_size", options.MlpWidth);
        json.WriteNumber("max_position_embeddings", options.ContextLength);
        json.WriteBoolean("mlp_bias", false);
        json.WriteNumber("num_attention_heads", options.Heads);
        json.WriteNumber("num_hidden_layers", options.Layers);
        json.WriteNumber("num_key_value_heads", options.KeyValueHeads);
        json.WriteNumber("pretraining_tp", 1);
        json.WriteNumber("rms_norm_eps", options.NormEpsilon);
        HuggingFaceRope.Write(json, options);
    }

    private static void WriteArchitecture(Utf8JsonWriter json, string type, string architecture)
    {
        json.WriteString("model_type", type);
        json.WriteStartArray("architectures");
        json.WriteStringValue(architecture);
        json.WriteEndArray();
    }

    private static void WriteOneLabel(Utf8JsonWriter json)
    {
        json.WriteStartObject("id2label");
        json.WriteString("0", "LABEL_0");
        json.WriteEndObject();
        json.WriteStartObject("label2id");
        json.WriteNumber("LABEL_0", 0);
        json.WriteEndObject();
    }

    private static void WriteToken(Utf8JsonWriter json, string key, int? token)
    {
        if (token is { } id)
            json.WriteNumber(key, id);
        else
            json.WriteNull(key);
    }

    private static string KeyOf(ModelFamily family, string property) => (family, property) switch
    {
        (ModelFamily.Gpt2, nameof(ModelOptions.Depth) or nameof(ModelOptions.Layers)) => "n_layer",
        (ModelFamily.Gpt2, nameof(ModelOptions.Width)) => "n_embd",
        (ModelFamily.Gpt2, nameof(ModelOptions.Heads) or nameof(ModelOptions.KeyValueHeads)) => "n_head",
        (ModelFamily.Gpt2, nameof(ModelOptions.MlpWidth)) => "n_inner",
        (ModelFamily.Gpt2, nameof(ModelOptions.ContextLength)) => "n_positions",
        (ModelFamily.Gpt2, nameof(ModelOptions.NormEpsilon)) => "layer_norm_epsilon",
        (_, nameof(ModelOptions.Depth) or nameof(ModelOptions.Layers)) => "num_hidden_layers",
        (_, nameof(ModelOptions.Width)) => "hidden_size",
        (_, nameof(ModelOptions.Heads)) => "num_attention_heads",
        (_, nameof(ModelOptions.KeyValueHeads)) => "num_key_value_heads",
        (_, nameof(ModelOptions.MlpWidth)) => "intermediate_size",
        (_, nameof(ModelOptions.ContextLength)) => "max_position_embeddings",
        (_, nameof(ModelOptions.NormEpsilon)) => "rms_norm_eps",
        (_, nameof(ModelOptions.VocabularySize)) => "vocab_size",
        (_, nameof(ModelOptions.TieEmbeddings)) => "tie_word_embeddings",
        _ => HuggingFaceRope.KeyOf(property),
    };

    private static ModelOptions ReadGpt2(ConfigReader config)
    {
        config.RequireArchitecture("GPT2LMHeadModel", "GPT2Model");
        config.Require("activation_function", "gelu_new", "gelu_pytorch_tanh");
        config.Require("scale_attn_weights", true);
        config.Require("scale_attn_by_inverse_layer_idx", false);
        config.Require("add_cross_attention", false);
        var width = config.Whole("n_embd", 768);
        var heads = config.Whole("n_head", 12);
        var context = config.Whole("n_positions", 1024);
        config.RequireEqual("n_ctx", "n_positions", context);
        return new ModelOptions
        {
            Family = ModelFamily.Gpt2,
            Layers = config.Whole("n_layer", 12),
            Width = width,
            Heads = heads,
            KeyValueHeads = heads,
            MlpWidth = config.Whole("n_inner", (int)Math.Min(4L * width, int.MaxValue)),
            ContextLength = context,
            VocabularySize = config.Whole("vocab_size", 50257),
            TieEmbeddings = config.Flag("tie_word_embeddings", true),
            NormEpsilon = config.Number("layer_norm_epsilon", 1e-5),
        };
    }

    private static ModelOptions ReadLlama(ConfigReader config)
    {
        config.RequireArchitecture("LlamaForCausalLM", "LlamaModel");
        config.Require("hidden_act", "silu", "swish");
        config.Require("attention_bias", false);
        config.Require("mlp_bias", false);
        config.RequireNumber("partial_rotary_factor", 1);
        config.Require("rope_interleaved", false);
        var heads = config.Whole("num_attention_heads", 32);
        var context = config.Whole("max_position_embeddings", 2048);
        var (theta, scaling) = HuggingFaceRope.Read(config, context);
        var options = new ModelOptions
        {
            Family = ModelFamily.Llama,
            Layers = config.Whole("num_hidden_layers", 32),
            Width = config.Whole("hidden_size", 4096),
            Heads = heads,
            KeyValueHeads = config.Whole("num_key_value_heads", heads),
            MlpWidth = config.Whole("intermediate_size", 11008),
            ContextLength = context,
            VocabularySize = config.Whole("vocab_size", 32000),
            TieEmbeddings = config.Flag("tie_word_embeddings", false),
            RopeTheta = theta,
            RopeScaling = scaling,
            NormEpsilon = config.Number("rms_norm_eps", 1e-6),
        };
        if (heads > 0)
            config.RequireNumber("head_dim", options.HeadWidth);
        return options;
    }
}
