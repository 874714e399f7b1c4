namespace ActorTrain.Models;

/// <summary>Bad input: one sentence that names the file, line or option and the fix. The host prints it and exits with code 2.</summary>
public sealed class UserErrorException : Exception
{
    /// <param name="sentence">One clear sentence for the person who runs the program.</param>
    /// <param name="inner">What was caught underneath, if anything.</param>
    public UserErrorException(string sentence, Exception? inner = null)
        : base(sentence, inner)
    {
    }
}
