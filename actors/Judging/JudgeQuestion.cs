using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using ActorTrain.Models;
using ActorTrain.Models.Rollouts;

namespace ActorTrain.Actors.Judging;

/// <summary>What a judge is asked: how good the completions of one prompt are. It is identified by what it is about, not by when or by
/// whom it is asked.</summary>
/// <param name="Key">SHA-256 of seed, position, prompt, completions and fields, 64 hexadecimal digits: the key of idempotency.</param>
/// <param name="Position">Of the prompt.</param>
/// <param name="Prompt">Its text.</param>
/// <param name="Completions">In order of samples; at least one.</param>
/// <param name="Fields">The JSON object of the other fields of the prompt's record; null for none.</param>
public sealed record JudgeQuestion(
    string Key, long Position, string Prompt, EquatableArray<JudgedCompletion> Completions, string? Fields)
{
    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The key of a question.</summary>
    /// <param name="seed">Of the run.</param>
    public static string KeyOf(ulong seed, long position, EquatableArray<int> prompt, EquatableArray<Rollout> rollouts, string? fields)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append((long)seed);
        Append(position);
        AppendAll(prompt);
        Append(rollouts.Count);
        foreach (var rollout in rollouts)
        {
            Append(rollout.HasEnded ? 1 : 0);
            AppendAll(rollout.Ids);
        }

        hash.AppendData(Encoding.UTF8.GetBytes(fields ?? ""));
        return Convert.ToHexStringLower(hash.GetHashAndReset());

        void AppendAll(EquatableArray<int> ids)
        {
            Append(ids.Count);
            foreach (var id in ids)
                Append(id);
        }

        void Append(long value)
        {
            Span<byte> bytes = stackalloc byte[sizeof(long)];
            BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
            hash.AppendData(bytes);
        }
    }

    /// <summary>What is sent, as UTF-8 JSON.</summary>
    /// <param name="run">Name of the run that asks.</param>
    public byte[] ToJson(string run)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, Readable))
        {
            json.WriteStartObject();
            json.WriteString("run", run);
            json.WriteString("key", Key);
            json.WriteNumber("position", Position);
            json.WriteString("prompt", Prompt);
            json.WriteStartArray("completions");
            foreach (var completion in Completions)
                json.WriteStringValue(completion.Text);
            json.WriteEndArray();
            json.WriteStartArray("ended");
            foreach (var completion in Completions)
                json.WriteBooleanValue(completion.HasEnded);
            json.WriteEndArray();
            json.WritePropertyName("fields");
            json.WriteRawValue(Fields ?? "{}", skipInputValidation: true);
            json.WriteEndObject();
        }

        return stream.ToArray();
    }
}

/// <param name="Text">Without the token that ends it.</param>
/// <param name="HasEnded">Whether that token was sampled.</param>
public sealed record JudgedCompletion(string Text, bool HasEnded);
