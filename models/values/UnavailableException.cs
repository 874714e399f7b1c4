namespace ActorTrain.Models;

/// <summary>A service that the run needs, such as the journal's database, does not answer at present: the same command may succeed later.
/// The host prints the sentence and exits with code 75.</summary>
public sealed class UnavailableException(string sentence, Exception? inner = null) : UserErrorException(sentence, inner)
{
    /// <summary>The error for a failure of a service: for one that passes by itself an <see cref="UnavailableException"/>.</summary>
    public static UserErrorException Of(Exception failure, string sentence) =>
        IsPassing(failure) ? new UnavailableException(sentence, failure) : new UserErrorException(sentence, failure);

    // A database says of its own refusals whether they pass: a wrong password does not, a database that starts does.
    private static bool IsPassing(Exception failure) => failure switch
    {
        System.Data.Common.DbException database => database.IsTransient,
        _ => failure is TimeoutException or System.Net.Sockets.SocketException or IOException,
    };
}
