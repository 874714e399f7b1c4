namespace ActorTrain.Models;

/// <summary>Bad input: one sentence that names the file, line or option and the fix. The host prints it and exits with code 2.</summary>
public class UserErrorException(string sentence, Exception? inner = null) : Exception(sentence, inner);
