using System.Text.Json.Serialization;

namespace ActorTrain.Data.Chats;

/// <summary>What prepared data consists of.</summary>
public enum DataKind
{
    /// <summary>Documents, for pretraining.</summary>
    [JsonStringEnumMemberName("text")]
    Text,

    /// <summary>Chats, a group of one sequence each: what the assistant says is to be learnt.</summary>
    [JsonStringEnumMemberName("chat")]
    Chat,

    /// <summary>Preference pairs: groups of two sequences that share a prompt, the preferred one first.</summary>
    [JsonStringEnumMemberName("pairs")]
    Pairs,

    /// <summary>Rankings: groups of at least two sequences that share a prompt, best first.</summary>
    [JsonStringEnumMemberName("rankings")]
    Rankings,

    /// <summary>Prompts, a group of one sequence without targets each, up to where the assistant begins.</summary>
    [JsonStringEnumMemberName("prompts")]
    Prompts,
}

public static class DataKinds
{
    /// <summary>What a group of the kind is called.</summary>
    public static string Noun(this DataKind kind) => kind switch
    {
        DataKind.Text => "document",
        DataKind.Chat => "chat",
        DataKind.Pairs => "pair",
        DataKind.Rankings => "ranking",
        _ => "prompt",
    };

    /// <summary>What data of the kind is called.</summary>
    public static string Plural(this DataKind kind) => kind is DataKind.Text ? "text" : kind.Noun() + "s";

    /// <summary>The command that trains on data of the kind; of several, the usual one; null if there is none yet.</summary>
    public static string? Command(this DataKind kind) => kind switch
    {
        DataKind.Text => "actortrain pretrain",
        DataKind.Chat => "actortrain sft",
        DataKind.Pairs => "actortrain prefer",
        DataKind.Prompts => "actortrain rlhf",
        DataKind.Rankings => "actortrain reward",
        _ => null,
    };
}
