namespace ActorTrain.Data.Chats;

/// <summary>A record that is not what it must be; the reader adds the place, or skips and counts it.</summary>
/// <param name="reason">A phrase to count such records by, to follow "skipped 2 records".</param>
/// <param name="problem">To follow the place, such as "has no messages".</param>
/// <param name="fix">What to do.</param>
internal sealed class BadRecordException(string reason, string problem, string fix, Exception? inner = null) : Exception(problem, inner)
{
    public string Reason => reason;

    public string Fix => fix;
}
