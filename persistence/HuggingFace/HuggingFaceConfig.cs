using System.Text.Json;
using ActorTrain.Models;
using ActorTrain.Models.Options;

namespace ActorTrain.Persistence.HuggingFace;

/// <summary>The <c>config.json</c> of GPT2LMHeadModel and LlamaForCausalLM, written and read.</summary>
internal static class HuggingFaceConfig
{
    public const string Name = "config.json";

    // What neither model computes with (transformers' configuration_utils.py, configuration_gpt2.py and configuration_llama.py): names,
    // training, drawing of tokens, other heads, and forms of computing the same. Every other key must be one that is read.
    private static readonly HashSet<string> Neutral =
    [
        "_attn_implementation", "_commit_hash", "_name_or_path", "_num_labels", "attention_dropout", "attn_implementation", "attn_pdrop",
            "chunk_size_feed_forward",
        "do_sample", "dtype", "embd_pdrop", "finetuning_task", "gradient_checkpointing", "id2label", "initializer_range", "is_decoder",
            "is_llama_config",
        "label2id", "max_length", "output_attentions", "output_hidden_states", "pad_token_id", "pretraining_tp", "problem_type",
            "reorder_and_upcast_attn",
        "resid_pdrop", "return_dict", "summary_activation", "summary_first_dropout", "summary_proj_to_labels", "summary_type",
            "summary_use_proj",
        "task_specific_params", "temperature", "tokenizer_class", "top_k", "top_p", "torch_dtype", "torchscript", "transformers.js_config",
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

    /// <summary>The shape that a <c>config.json</c> describes.</summary>
    /// <exception cref="UserErrorException">It describes a model that this program cannot run exactly as it was trained.</exception>
    public static (ModelOptions Options, int? BeginToken, int? EndToken) Read(string path, byte[] bytes)
    {
        using var document = Parse(path, bytes);
        var config = new ConfigReader(path, document.RootElement);
        var options = config.Text("model_type", string.Empty) switch
        {
            "gpt2" => ReadGpt2(config),
            "llama" => ReadLlama(config),
            var other => throw new UserErrorException($"{path} has model_type \"{other}\"; only gpt2 and llama can be imported."),
        };
        config.Require("is_encoder_decoder", false);
        var (begin, end) = (config.Token("bos_token_id", options.VocabularySize), config.Token("eos_token_id", options.VocabularySize));
        config.RefuseTheRest(Neutral);
        if (options.Problems().FirstOrDefault() is { } problem)
            throw new UserErrorException($"{path} is not a valid model configuration: {problem}");
        return (options, begin, end);
    }

    private static JsonDocument Parse(string path, byte[] bytes)
    {
        try
        {
            var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { AllowDuplicateProperties = false });
            return document.RootElement.ValueKind == JsonValueKind.Object ? document : throw new JsonException("it is not an object");
        }
        catch (JsonException exception)
        {
            throw new UserErrorException(
                $"{path} is not valid JSON ({exception.Message.TrimEnd('.')}); download the file again.", exception);
        }
    }

    private static void WriteGpt2(Utf8JsonWriter json, ModelOptions options)
    {
        WriteArchitecture(json, "gpt2", "GPT2LMHeadModel");
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
        WriteArchitecture(json, "llama", "LlamaForCausalLM");
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
        json.WriteNull("rope_scaling");
        json.WriteNumber("rope_theta", options.RopeTheta);
    }

    private static void WriteArchitecture(Utf8JsonWriter json, string type, string architecture)
    {
        json.WriteString("model_type", type);
        json.WriteStartArray("architectures");
        json.WriteStringValue(architecture);
        json.WriteEndArray();
    }

    private static void WriteToken(Utf8JsonWriter json, string key, int? token)
    {
        if (token is { } id)
            json.WriteNumber(key, id);
        else
            json.WriteNull(key);
    }

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
        var options = new ModelOptions
        {
            Family = ModelFamily.Llama,
            Layers = config.Whole("num_hidden_layers", 32),
            Width = config.Whole("hidden_size", 4096),
            Heads = heads,
            KeyValueHeads = config.Whole("num_key_value_heads", heads),
            MlpWidth = config.Whole("intermediate_size", 11008),
            ContextLength = config.Whole("max_position_embeddings", 2048),
            VocabularySize = config.Whole("vocab_size", 32000),
            TieEmbeddings = config.Flag("tie_word_embeddings", false),
            RopeTheta = config.RopeTheta(10_000),
            NormEpsilon = config.Number("rms_norm_eps", 1e-6),
        };
        if (heads > 0)
            config.RequireNumber("head_dim", options.HeadWidth);
        return options;
    }

    /// <summary>Values of a config, with the defaults that transformers gives to absent or null keys.</summary>
    private sealed class ConfigReader(string path, JsonElement root)
    {
        private readonly HashSet<string> read = new(StringComparer.Ordinal);

        public int Whole(string key, int missing) =>
            Find(key) is not { } value ? missing
            : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number
            : throw Wrong(key, value, "a whole number");

        public double Number(string key, double missing) =>
            Find(key) is not { } value ? missing
            : value.ValueKind == JsonValueKind.Number && double.IsFinite(value.GetDouble()) ? value.GetDouble()
            : throw Wrong(key, value, "a number");

        public bool Flag(string key, bool missing) =>
            Find(key) is not { } value ? missing
            : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean()
            : throw Wrong(key, value, "true or false");

        public string Text(string key, string missing) =>
            Find(key) is not { } value ? missing
            : value.ValueKind == JsonValueKind.String ? value.GetString()!
            : throw Wrong(key, value, "text");

        /// <summary>A token id, or a list of one.</summary>
        public int? Token(string key, int vocabulary)
        {
            if (Find(key) is not { } value)
                return null;
            var one = value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 1 ? value[0] : value;
            return one.ValueKind == JsonValueKind.Number && one.TryGetInt32(out var id) && id >= 0 && id < vocabulary
                ? id
                : throw Wrong(key, value, $"one token id below vocab_size, {vocabulary}");
        }

        public void Require(string key, bool wanted)
        {
            if (Flag(key, wanted) != wanted)
                throw Unsupported(key, Find(key)!.Value, wanted ? "true" : "false");
        }

        public void Require(string key, params string[] supported)
        {
            if (Find(key) is { } value && !(value.ValueKind == JsonValueKind.String && supported.Contains(value.GetString())))
                throw Unsupported(key, value, string.Join(" or ", supported));
        }

        public void RequireArchitecture(params string[] supported)
        {
            const string Key = "architectures";
            if (Find(Key) is { } value
                && !(value.ValueKind == JsonValueKind.Array && value.EnumerateArray()
                    .All(one => one.ValueKind == JsonValueKind.String && supported.Contains(one.GetString()))))
                throw Unsupported(Key, value, string.Join(" or ", supported));
        }

        public void RequireNumber(string key, double wanted)
        {
            if (Find(key) is { } value && Number(key, wanted) != wanted)
                throw Unsupported(key, value, $"{wanted}");
        }

        /// <summary>Refuses two keys that say the same and differ.</summary>
        public void RequireEqual(string key, string other, double wanted)
        {
            if (Find(key) is { } value && Number(key, wanted) != wanted)
                throw new UserErrorException($"{path} has {key}: {Shown(value.GetRawText())} but {other}: "
                    + $"{wanted}; they must be equal; download the file again.");
        }

        /// <summary>The base of the rotary frequencies, from wherever it stands; frequencies that are stretched are refused.</summary>
        public double RopeTheta(double missing)
        {
            var theta = Find("rope_theta") is null ? (double?)null : Number("rope_theta", missing);
            foreach (var key in (string[])["rope_parameters", "rope_scaling"])
            {
                if (Find(key) is not { } value)
                    continue;
                if (value.ValueKind != JsonValueKind.Object)
                    throw Wrong(key, value, "an object");
                var rope = new ConfigReader($"{path} ({key})", value);
                rope.Require("rope_type", "default");
                rope.Require("type", "default");
                rope.RequireNumber("partial_rotary_factor", 1);
                if (theta is { } given)
                    rope.RequireNumber("rope_theta", given);
                else if (rope.Find("rope_theta") is not null)
                    theta = rope.Number("rope_theta", missing);
                rope.RefuseTheRest([]);
            }

            return theta ?? missing;
        }

        /// <summary>Refuses every key that says something, was not read, and is not known to change nothing.</summary>
        public void RefuseTheRest(HashSet<string> neutral)
        {
            foreach (var property in root.EnumerateObject())
            {
                var saysNothing = property.Value.ValueKind == JsonValueKind.Null || property.Value.GetRawText() is "{}" or "[]";
                if (!saysNothing && !read.Contains(property.Name) && !neutral.Contains(property.Name))
                {
                    throw new UserErrorException(
                        $"{path} has {Shown(property.Name)}: {Shown(property.Value.GetRawText())}, "
                            + $"an unknown key that may change what the model " +
                        $"computes; remove it if it does not, otherwise the model cannot be imported.");
                }
            }
        }

        private JsonElement? Find(string key)
        {
            read.Add(key);
            return root.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
        }

        private UserErrorException Wrong(string key, JsonElement value, string wanted) =>
            new($"{path} has {key}: {Shown(value.GetRawText())}; it must be {wanted}.");

        private UserErrorException Unsupported(string key, JsonElement value, string supported) =>
            new($"{path} has {key}: {Shown(value.GetRawText())}, which is not supported (only {supported}); the model cannot be imported.");

        private static string Shown(string value)
        {
            var text = value.ReplaceLineEndings(" ");
            return text.Length > 60 ? text[..60] + "…" : text;
        }
    }
}
